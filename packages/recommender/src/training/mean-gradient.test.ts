import { expect, test } from 'vitest';
import { parameterGroups } from '../parameters/groups.ts';
import { freshValues } from '../parameters/start-values.ts';
import { tinyConfig, tinyStudy } from '../testing/tiny-study.ts';
import { openRelearner } from './relearner.ts';

/** Nothing random in the loss: no dropout, no noisy gate. */
const config = { ...tinyConfig, dropout: 0, experts: { text: 1, image: 1, price: 1 } };
const modalities = ['text', 'image', 'price'] as const;
const SMALL = 0.01;

test('the gradient is that of the mean training loss, by finite differences in every tensor', async () => {
  const study = tinyStudy(config, { customers: 30 });
  const relearner = openRelearner(study);
  const values = freshValues(config, 3);
  const gradient = await relearner.gradient({ values, modalities, batchSize: 64, seed: 1 });
  /** One step too small to change anything says the loss before it; one batch holds all windows. */
  const lossAt = async (moved: ReadonlyMap<string, Float32Array>): Promise<number> => {
    const { losses } = await relearner.relearn({
      values: moved,
      trainable: () => true,
      modalities,
      epochs: 1,
      batchSize: 64,
      learningRate: 1e-30,
      seed: 1,
    });
    return losses[0] ?? Number.NaN;
  };
  for (const { name } of parameterGroups(config).flatMap(({ tensors }) => tensors)) {
    const found = gradient.get(name) ?? new Float64Array();
    const at = found.reduce((most, value, place) => (Math.abs(value) > Math.abs(found[most] ?? 0) ? place : most), 0);
    const nudged = async (by: number): Promise<number> => {
      const moved = new Map(values);
      moved.set(
        name,
        (values.get(name) ?? new Float32Array()).map((value, place) => (place === at ? value + by : value)),
      );
      return lossAt(moved);
    };
    const slope = ((await nudged(SMALL)) - (await nudged(-SMALL))) / (2 * SMALL);
    expect(found[at], name).toBeCloseTo(slope, 3);
  }
  expect(Math.abs(gradient.get('item.text/expert.0.weight')?.[0] ?? 0)).toBeGreaterThan(0);
  await relearner.close();
});

test('it does not depend on how the windows are dealt to batches', async () => {
  const relearner = openRelearner(tinyStudy(config));
  const values = freshValues(config, 3);
  const one = await relearner.gradient({ values, modalities, batchSize: 1000, seed: 1 });
  const many = await relearner.gradient({ values, modalities, batchSize: 7, seed: 9 });
  for (const [name, gradient] of one) {
    gradient.forEach((value, at) => expect(many.get(name)?.[at], name).toBeCloseTo(value, 5));
  }
  await relearner.close();
});
