import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { compile } from '../../training/compile.ts';
import { drawBatch, initialValues, SMALL, smallTransformer } from '../small-transformer.ts';

/** Losses of 50 steps in PyTorch 1.13, made by small_transformer.py beside this file. */
const recorded = JSON.parse(await readFile(new URL('losses.json', import.meta.url), 'utf8')) as Record<
  string,
  readonly number[]
>;

const trainable: Readonly<Record<string, (name: string) => boolean>> = {
  everything: () => true,
  sequence: (name) => name.startsWith('sequence.'),
  items: (name) => name.startsWith('item.'),
};

test.each(Object.keys(trainable))('50 clipped Adam steps of %s lose what they lose in PyTorch', async (part) => {
  const { loss, options } = smallTransformer(SMALL, 0);
  const training = await compile(loss, {
    ...options,
    trainable: trainable[part] ?? ((): boolean => false),
    optimizer: { kind: 'adam' },
    runtime: 'onnx',
  });
  training.load(initialValues(options));
  const expected = recorded[part] ?? [];
  expect(expected).toHaveLength(50);
  for (const [step, reference] of expected.entries()) {
    const actual = await training.step(drawBatch(SMALL, step), { learningRate: 0.01 });
    expect(Math.abs(actual - reference), `step ${step + 1}`).toBeLessThan(1e-4);
  }
  await training.dispose();
});
