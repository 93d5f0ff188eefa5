import { describe, expect, test } from 'vitest';

import { tf } from '../engine.ts';
import type { Batch, HostValue, Loss, Runtime, TrainingOptions, Values } from '../spec.ts';
import { drawBatch, initialValues, SMALL, smallTransformer } from '../benchmark/small-transformer.ts';
import { compile, type Training } from './compile.ts';

const runtimes: readonly Runtime[] = ['onnx', 'cpu'];

const { loss: transformerLoss, options: transformerOptions } = smallTransformer(SMALL, 0.2);

function options(runtime: Runtime, changes: Partial<TrainingOptions> = {}): TrainingOptions {
  return {
    ...transformerOptions,
    optimizer: { kind: 'adamw', weightDecay: 0.01 },
    proximal: true,
    runtime,
    ...changes,
  };
}

async function train(o: TrainingOptions, steps: number): Promise<{ losses: number[]; values: Values }> {
  const training = await compile(transformerLoss, o);
  training.load(initialValues(o));
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    losses.push(await training.step(drawBatch(SMALL, step), { learningRate: 0.01, proximal: 0.05 }));
  }
  const values = training.values();
  await training.dispose();
  return { losses, values };
}

function largestDifference(a: Values, b: Values): number {
  return Math.max(
    ...[...a].flatMap(([name, left]) =>
      [...left].map((value, i) => Math.abs(value - (b.get(name)?.[i] ?? Number.NaN))),
    ),
  );
}

type VectorLoss = (w: tf.Tensor, x: tf.Tensor) => tf.Scalar;

/** Trains one vector w, from the given start, on batches with one input x. */
async function oneVector(
  loss: VectorLoss,
  w: readonly number[],
  changes: Partial<TrainingOptions> = {},
): Promise<Training> {
  const ofVector: Loss = (p, b) => loss(p['w'] ?? tf.scalar(0), b['x'] ?? tf.scalar(0));
  const training = await compile(ofVector, {
    parameters: [{ name: 'w', shape: [3] }],
    optimizer: { kind: 'adam' },
    seed: 1,
    runtime: 'onnx',
    ...changes,
  });
  training.load(new Map([['w', Float32Array.from(w)]]));
  return training;
}

function xOf(...x: number[]): { x: HostValue } {
  return { x: { shape: [x.length], data: Float32Array.from(x) } };
}

const product = (w: tf.Tensor, x: tf.Tensor): tf.Scalar => tf.sum(tf.mul(w, x));

describe('a compiled training step of a small Transformer', () => {
  test('gives the loss and the parameters of the cpu runtime after one step', async () => {
    const [onnx, cpu] = [await train(options('onnx'), 1), await train(options('cpu'), 1)];
    expect(onnx.losses[0]).toBeCloseTo(cpu.losses[0] ?? 0, 5);
    expect(largestDifference(onnx.values, cpu.values)).toBeLessThan(1e-4);
  });

  test('stays with the cpu runtime over 20 steps of Adam, and learns', async () => {
    // A large epsilon, because Adam turns the rounding noise of a gradient near zero into whole steps.
    const optimizer = { kind: 'adamw', epsilon: 1e-3, weightDecay: 0.01 } as const;
    const [onnx, cpu] = [
      await train(options('onnx', { optimizer }), 20),
      await train(options('cpu', { optimizer }), 20),
    ];
    for (const [step, loss] of onnx.losses.entries()) {
      expect(Math.abs(loss / (cpu.losses[step] ?? 0) - 1)).toBeLessThan(1e-4);
    }
    expect(largestDifference(onnx.values, cpu.values)).toBeLessThan(1e-4);
    expect(onnx.losses.at(-1)).toBeLessThan((onnx.losses[0] ?? 0) * 0.9);
  });

  test.each([1, 2])('repeats bit for bit with the same seed on %i threads', async (threads) => {
    const first = await train(options('onnx'), 6);
    const second = await train(options('onnx', { threads }), 6);
    expect(second.losses).toEqual(first.losses);
    expect(second.values).toEqual(first.values);
  });

  test('takes other noise with another seed', async () => {
    const [a, b] = [await train(options('onnx'), 2), await train(options('onnx', { seed: 8 }), 2)];
    expect(a.losses).not.toEqual(b.losses);
  });

  test.each(runtimes)('moves only trainable parameters (%s)', async (runtime) => {
    const o = options(runtime, { trainable: (name) => name.startsWith('sequence.position') });
    const { values } = await train(o, 2);
    for (const [name, start] of initialValues(o)) {
      if (name.startsWith('sequence.position')) expect(values.get(name)).not.toEqual(start);
      else expect(values.get(name)).toEqual(start);
    }
  });

  test('leaves no tensor behind, whatever the number of steps', async () => {
    const before = tf.memory().numTensors;
    const buffers = tf.memory().numDataBuffers;
    for (const runtime of runtimes) await train(options(runtime), 3);
    expect(tf.memory().numTensors).toBe(before);
    expect(tf.memory().numDataBuffers).toBe(buffers);
  });

  test('starts afresh after another load', async () => {
    const o = options('onnx');
    const training = await compile(transformerLoss, o);
    const rate = { learningRate: 0.01 };
    const losses: number[][] = [];
    for (let round = 0; round < 2; round++) {
      training.load(initialValues(o));
      losses.push([await training.step(drawBatch(SMALL, 0), rate), await training.step(drawBatch(SMALL, 1), rate)]);
    }
    expect(losses[1]).toEqual(losses[0]);
    await training.dispose();
  });
});

describe('the optimiser', () => {
  test.each(runtimes)('is AdamW as published (%s)', async (runtime) => {
    const start = [1, -2, 0.5];
    const training = await oneVector(product, start, {
      runtime,
      optimizer: { kind: 'adamw', beta1: 0.8, beta2: 0.95, epsilon: 1e-4, weightDecay: 0.1 },
    });
    const expected = [...start];
    const moments = start.map(() => ({ first: 0, second: 0 }));
    for (let t = 1; t <= 5; t++) {
      const x = [0.3 * t, -1, 1 / t];
      await training.step(xOf(...x), { learningRate: 0.05 });
      for (const [i, moment] of moments.entries()) {
        const gradient = x[i] ?? 0;
        moment.first = 0.8 * moment.first + 0.2 * gradient;
        moment.second = 0.95 * moment.second + 0.05 * gradient ** 2;
        const change = moment.first / (1 - 0.8 ** t) / (Math.sqrt(moment.second / (1 - 0.95 ** t)) + 1e-4);
        expected[i] = (expected[i] ?? 0) * (1 - 0.05 * 0.1) - 0.05 * change;
      }
    }
    for (const [i, value] of [...(training.values().get('w') ?? [])].entries()) {
      expect(value).toBeCloseTo(expected[i] ?? 0, 5);
    }
    await training.dispose();
  });

  test.each(runtimes)('is gradient descent with momentum (%s)', async (runtime) => {
    const training = await oneVector(product, [1, 1, 1], { runtime, optimizer: { kind: 'sgd', momentum: 0.5 } });
    for (const x of [1, 2, 4]) await training.step(xOf(x, 0, -x), { learningRate: 0.1 });
    // Velocities 1, 2.5, 5.25.
    expect([...(training.values().get('w') ?? [])]).toEqual([0.125, 1, 1.875].map((w) => expect.closeTo(w, 6)));
    await training.dispose();
  });

  test('without momentum or decay remembers nothing', async () => {
    const training = await oneVector(product, [1, 1, 1], { optimizer: { kind: 'sgd' } });
    await training.step(xOf(1, 2, 4), { learningRate: 0.5 });
    expect([...training.checkpoint().tensors.keys()]).toEqual(['w']);
    expect([...(training.values().get('w') ?? [])]).toEqual([0.5, 0, -1]);
    await training.dispose();
  });

  test.each(runtimes)('sees a gradient clipped over all parameters (%s)', async (runtime) => {
    // With a huge epsilon Adam's first step is learningRate * gradient / epsilon, which shows the gradient itself.
    const optimizer = { kind: 'adam', epsilon: 1e6 } as const;
    const step = async (changes: Partial<TrainingOptions>): Promise<number[]> => {
      const training = await oneVector(product, [0, 0, 0], { runtime, optimizer, ...changes });
      await training.step(xOf(3, 4, 0), { learningRate: 1e6 });
      const values = [...(training.values().get('w') ?? [])];
      await training.dispose();
      return values;
    };
    expect(await step({})).toEqual([expect.closeTo(-3, 4), expect.closeTo(-4, 4), expect.closeTo(0, 6)]);
    expect(await step({ clipGradientNorm: 1 })).toEqual([
      expect.closeTo(-0.6, 4),
      expect.closeTo(-0.8, 4),
      expect.closeTo(0, 6),
    ]);
    expect(await step({ clipGradientNorm: 100 })).toEqual(await step({}));
  });

  test.each(runtimes)('is pulled back to the anchor by the proximal term (%s)', async (runtime) => {
    const optimizer = { kind: 'adam', epsilon: 1e6 } as const;
    const training = await oneVector(product, [1, 2, 3], { runtime, proximal: true, optimizer });
    const batch = xOf(1, 0, 0);
    const rate = { learningRate: 1e6, proximal: 0.5 };
    expect(await training.step(batch, rate)).toBeCloseTo(1, 6);
    const [moved = 0] = training.values().get('w') ?? [];
    const distance = moved - 1;
    expect(distance).toBeCloseTo(-1, 3);
    expect(await training.step(batch, rate)).toBeCloseTo(moved + 0.25 * distance ** 2, 4);
    expect(await training.step(xOf(0, 0, 0), { learningRate: 0, proximal: 0 })).toBe(0);
    await training.dispose();
  });

  test('is pulled to an anchor other than where it starts', async () => {
    const training = await oneVector(product, [1, 2, 3], { proximal: true, optimizer: { kind: 'sgd' } });
    training.load(new Map([['w', Float32Array.of(1, 2, 3)]]), new Map([['w', Float32Array.of(3, 2, 1)]]));
    // Loss 0 at x = 0, so only 0.5/2 |w - anchor|^2 acts: its gradient is half the distance.
    expect(await training.step(xOf(0, 0, 0), { learningRate: 1, proximal: 0.5 })).toBeCloseTo(2, 6);
    expect(training.values().get('w')).toEqual(Float32Array.of(2, 2, 2));
    await training.dispose();
  });

  test('gives a parameter the loss does not use the gradient zero', async () => {
    const training = await compile((p, b) => product(p['w'] ?? tf.scalar(0), b['x'] ?? tf.scalar(0)), {
      parameters: [
        { name: 'w', shape: [3] },
        { name: 'unused', shape: [2, 2] },
      ],
      optimizer: { kind: 'adam' },
      seed: 1,
    });
    training.load(
      new Map([
        ['w', new Float32Array(3)],
        ['unused', Float32Array.of(1, 2, 3, 4)],
      ]),
    );
    await training.step(xOf(1, 1, 1), { learningRate: 0.1 });
    expect([...(training.values().get('unused') ?? [])]).toEqual([1, 2, 3, 4]);
    await training.dispose();
  });
});

describe('batches of several shapes', () => {
  const mean: VectorLoss = (w, x) => tf.mean(tf.mul(tf.sum(w), x));

  test.each(runtimes)('train the same parameters, also when their graphs have to make room (%s)', async (runtime) => {
    const train = async (shapes: number): Promise<Values> => {
      const training = await oneVector(mean, [1, 2, 3], { runtime, shapes });
      for (const length of [4, 2, 7, 4, 2, 7]) {
        const x = xOf(...Array.from({ length }, (_, i) => i - 1.5));
        await training.step(x, { learningRate: 0.1 });
      }
      const values = training.values();
      await training.dispose();
      return values;
    };
    expect(await train(1)).toEqual(await train(3));
  });

  test('are refused when an input changes its type or its number of dimensions', async () => {
    const training = await oneVector(mean, [1, 1, 1]);
    await training.step(xOf(1, 2), { learningRate: 0.1 });
    const refused = async (x: HostValue, message: RegExp): Promise<void> => {
      const step = training.step({ x }, { learningRate: 0.1 });
      await expect(step).rejects.toMatchObject({ code: 'invalid-input', message: expect.stringMatching(message) });
    };
    await refused({ shape: [2], data: Int32Array.of(1, 2) }, /"x" must be a Float32Array, as in the first batch/);
    await refused({ shape: [1, 2], data: Float32Array.of(1, 2) }, /Shape \[1, 2\] does not match \[2\] of input "x"/);
    await training.dispose();
  });
});

describe('what is refused', () => {
  const batch = xOf(1, 2, 3);
  const rate = { learningRate: 0.1 };

  test.each(runtimes)('a loss that is not finite, with the parameters left as they were (%s)', async (runtime) => {
    const training = await oneVector((w, x) => tf.sum(tf.log(tf.mul(w, x))), [1, 1, 1], { runtime });
    await training.step(batch, rate);
    const before = training.values();
    await expect(training.step(xOf(1, 2, -3), rate)).rejects.toMatchObject({ code: 'not-finite' });
    expect(training.values()).toEqual(before);
    await expect(training.step(batch, rate)).resolves.toBeTypeOf('number');
    await training.dispose();
  });

  test.each(runtimes)('a gradient that is not finite although the loss is (%s)', async (runtime) => {
    const training = await oneVector((w, x) => tf.sum(tf.sqrt(tf.mul(w, x))), [0, 1, 1], { runtime });
    await expect(training.step(batch, rate)).rejects.toMatchObject({ code: 'not-finite' });
    await training.dispose();
  });

  const batches: [string, Batch, RegExp][] = [
    ['a missing input', {}, /"x" is missing/],
    ['an unknown input', { ...batch, y: batch.x }, /no input "y"; the inputs are "x"/],
    [
      'an input of the wrong length',
      { x: { shape: [3], data: Float32Array.of(1) } },
      /"x" has 1 values; its shape \[3\] needs 3/,
    ],
  ];
  test.each(batches)('%s', async (_, other, message) => {
    const training = await oneVector(product, [1, 1, 1]);
    await training.step(batch, rate);
    await expect(training.step(other, rate)).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringMatching(message),
    });
    await training.dispose();
  });

  test('parameters that are missing, unknown or of the wrong size', async () => {
    const training = await oneVector(product, [1, 1, 1]);
    const x = Float32Array.of(1, 2, 3);
    const load =
      (...values: [string, Float32Array][]) =>
      () =>
        training.load(new Map(values));
    expect(load()).toThrow('Parameter "w" is missing.');
    expect(load(['w', x], ['v', x])).toThrow('The model has no parameter "v".');
    expect(load(['w', Float32Array.of(1)])).toThrow('Parameter "w" has 1 values; its shape [3] needs 3.');
    await training.dispose();
  });

  test('a step before the first load, during another step, and after disposal', async () => {
    const training = await compile(() => tf.scalar(0), {
      parameters: [{ name: 'w', shape: [3] }],
      optimizer: { kind: 'sgd' },
      seed: 1,
    });
    await expect(training.step(batch, rate)).rejects.toMatchObject({ code: 'not-loaded' });
    training.load(new Map([['w', Float32Array.of(1, 2, 3)]]));
    const running = training.step(batch, rate);
    await expect(training.step(batch, rate)).rejects.toMatchObject({ code: 'busy' });
    await running;
    await training.dispose();
    await expect(training.step(batch, rate)).rejects.toMatchObject({ code: 'disposed' });
  });

  const functions: [string, VectorLoss, string, RegExp][] = [
    ['reading data', (w) => tf.mul(tf.sum(w), w.dataSync()[0] ?? 0), 'data-read', /reads the data of a tensor/],
    ['tfjs dropout', (w) => tf.sum(tf.dropout(w, 0.5)), 'random-op', /tf\.dropout.*noise\.dropout/],
    ['tfjs random numbers', (w) => tf.sum(tf.mul(w, tf.randomNormal([3]))), 'random-op', /tf\.randomNormal/],
    [
      'an operation without translation',
      (w) => tf.sum(tf.atan2(w, tf.ones([3]))),
      'unsupported-kernel',
      /"Atan2".*used at .*compile\.test\.ts:\d+/,
    ],
    ['a loss that is no scalar', (w) => tf.mul(w, 2) as unknown as tf.Scalar, 'invalid-spec', /shape \[3\]/],
  ];
  test.each(functions)('a loss with %s', async (_, loss, code, message) => {
    const training = await oneVector(loss, [1, 1, 1]);
    await expect(training.step(batch, rate)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(tf.getBackend()).toBe('cpu');
    await training.dispose();
  });
});
