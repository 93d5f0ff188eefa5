import { describe, expect, test } from 'vitest';

import { drawBatch, initialValues, SMALL, smallTransformer } from '../benchmark/small-transformer.ts';
import type { Runtime, Values } from '../spec.ts';
import { compile } from '../training/compile.ts';
import { availableRuntimes } from './select.ts';

const STEPS = 5;
/** Largest difference to the reference, relative to the largest parameter. Float32 sums in another order give about 1e-6. */
const TOLERANCE = 1e-4;

// Adam turns the rounding noise of a gradient near zero into whole steps; a large epsilon keeps it noise.
const optimizers = {
  adam: { kind: 'adamw', epsilon: 1e-3, weightDecay: 0.01 },
  sgd: { kind: 'sgd', momentum: 0.9 },
} as const;

async function train(
  runtime: Runtime,
  dropout: number,
  optimizer: keyof typeof optimizers,
): Promise<{ losses: number[]; values: Values }> {
  const { loss, options } = smallTransformer(SMALL, dropout);
  const training = await compile(loss, { ...options, optimizer: optimizers[optimizer], proximal: true, runtime });
  training.load(initialValues(options));
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    losses.push(await training.step(drawBatch(SMALL, step), { learningRate: 0.01, proximal: 0.1 }));
  }
  const values = training.values();
  await training.dispose();
  return { losses, values };
}

const available = await availableRuntimes();

test('this machine has the runtimes that npm packages bring, and the reference', () => {
  expect(available).toEqual(expect.arrayContaining(['onnx', 'onnx-wasm', 'cpu']));
});

describe.each(available.filter((runtime) => runtime !== 'cpu'))('the runtime %s keeps the contract', (runtime) => {
  test.each([
    ['adam', 0],
    ['adam', 0.3],
    ['sgd', 0],
  ] as const)('%s, dropout %d: losses and parameters are those of cpu', async (optimizer, dropout) => {
    const [actual, reference] = [await train(runtime, dropout, optimizer), await train('cpu', dropout, optimizer)];
    for (const [step, loss] of reference.losses.entries()) {
      expect(Math.abs((actual.losses[step] ?? 0) / loss - 1)).toBeLessThan(TOLERANCE);
    }
    for (const [name, value] of reference.values) {
      const scale = Math.max(...value.map(Math.abs), 1e-3);
      const difference = Math.max(...value.map((x, i) => Math.abs(x - (actual.values.get(name)?.[i] ?? Number.NaN))));
      expect(difference / scale, name).toBeLessThan(TOLERANCE);
    }
  });

  test('with lean memory gives the same', async () => {
    const { loss, options } = smallTransformer(SMALL, 0.1);
    const losses: number[] = [];
    for (const memory of ['fast', 'lean'] as const) {
      const training = await compile(loss, { ...options, optimizer: { kind: 'adam' }, runtime, memory });
      training.load(initialValues(options));
      losses.push(await training.step(drawBatch(SMALL, 0), { learningRate: 0.01 }));
      await training.dispose();
    }
    expect(losses[1]).toBe(losses[0]);
  });
});
