import { describe, expect, test } from 'vitest';

import { tf } from '../engine.ts';
import type { Batch, Runtime, Training, TrainingSpec } from '../spec.ts';
import { drawBatch, initialValues, SMALL, smallTransformer } from '../benchmark/small-transformer.ts';
import { compileTraining } from './compile-training.ts';

const runtimes: readonly Runtime[] = ['onnx', 'cpu'];

function transformer(runtime: Runtime, changes: Partial<TrainingSpec> = {}): TrainingSpec {
  return {
    ...smallTransformer(SMALL, 0.2),
    trainable: () => true,
    optimizer: { kind: 'adam', weightDecay: 0.01 },
    proximal: true,
    runtime,
    ...changes,
  };
}

async function train(
  spec: TrainingSpec,
  steps: number,
): Promise<{ losses: number[]; values: Map<string, Float32Array> }> {
  const training = await compileTraining(spec);
  training.load(initialValues(spec));
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    losses.push(await training.step(drawBatch(SMALL, step), { learningRate: 0.01, proximal: 0.05 }));
  }
  const values = training.values();
  await training.dispose();
  return { losses, values };
}

function largestDifference(a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>): number {
  return Math.max(
    ...[...a].flatMap(([name, left]) =>
      [...left].map((value, i) => Math.abs(value - (b.get(name)?.[i] ?? Number.NaN))),
    ),
  );
}

/** Minimises sum(w * x) or another given function of one vector w. */
function oneVector(loss: (w: tf.Tensor, x: tf.Tensor) => tf.Scalar, changes: Partial<TrainingSpec> = {}): TrainingSpec {
  return {
    parameters: [{ name: 'w', shape: [3] }],
    trainable: () => true,
    inputs: { x: { shape: [3], dtype: 'float32' } },
    loss: (p, b) => loss(p['w'] ?? tf.scalar(0), b['x'] ?? tf.scalar(0)),
    optimizer: { kind: 'adam' },
    seed: 1,
    runtime: 'onnx',
    ...changes,
  };
}

async function loaded(spec: TrainingSpec, w: readonly number[]): Promise<Training> {
  const training = await compileTraining(spec);
  training.load(new Map([['w', Float32Array.from(w)]]));
  return training;
}

const product = (w: tf.Tensor, x: tf.Tensor): tf.Scalar => tf.sum(tf.mul(w, x));

describe('a compiled training step of a small Transformer', () => {
  test('gives the loss and the parameters of the cpu runtime after one step', async () => {
    const [onnx, cpu] = [await train(transformer('onnx'), 1), await train(transformer('cpu'), 1)];
    expect(onnx.losses[0]).toBeCloseTo(cpu.losses[0] ?? 0, 5);
    expect(largestDifference(onnx.values, cpu.values)).toBeLessThan(1e-4);
  });

  test('stays with the cpu runtime over 20 steps of Adam, and learns', async () => {
    // A large epsilon, because Adam turns the rounding noise of a gradient near zero into whole steps.
    const optimizer = { kind: 'adam', epsilon: 1e-3, weightDecay: 0.01 } as const;
    const [onnx, cpu] = [
      await train(transformer('onnx', { optimizer }), 20),
      await train(transformer('cpu', { optimizer }), 20),
    ];
    for (const [step, loss] of onnx.losses.entries()) {
      expect(Math.abs(loss / (cpu.losses[step] ?? 0) - 1)).toBeLessThan(1e-4);
    }
    expect(largestDifference(onnx.values, cpu.values)).toBeLessThan(1e-4);
    expect(onnx.losses.at(-1)).toBeLessThan((onnx.losses[0] ?? 0) * 0.9);
  });

  test.each([1, 2])('repeats bit for bit with the same seed on %i threads', async (threads) => {
    const first = await train(transformer('onnx'), 6);
    const second = await train(transformer('onnx', { threads }), 6);
    expect(second.losses).toEqual(first.losses);
    expect(second.values).toEqual(first.values);
  });

  test('takes other noise with another seed', async () => {
    const [a, b] = [await train(transformer('onnx'), 2), await train(transformer('onnx', { seed: 8 }), 2)];
    expect(a.losses).not.toEqual(b.losses);
  });

  test.each(runtimes)('moves only trainable parameters (%s)', async (runtime) => {
    const spec = transformer(runtime, { trainable: (name) => name.startsWith('sequence.position') });
    const { values } = await train(spec, 2);
    for (const [name, start] of initialValues(spec)) {
      if (name.startsWith('sequence.position')) expect(values.get(name)).not.toEqual(start);
      else expect(values.get(name)).toEqual(start);
    }
  });

  test('leaves no tensor behind, whatever the number of steps', async () => {
    const before = tf.memory().numTensors;
    const buffers = tf.memory().numDataBuffers;
    for (const runtime of runtimes) await train(transformer(runtime), 3);
    expect(tf.memory().numTensors).toBe(before);
    expect(tf.memory().numDataBuffers).toBe(buffers);
  });

  test('starts afresh after another load', async () => {
    const spec = transformer('onnx');
    const training = await compileTraining(spec);
    const rate = { learningRate: 0.01 };
    const losses: number[][] = [];
    for (let round = 0; round < 2; round++) {
      training.load(initialValues(spec));
      losses.push([await training.step(drawBatch(SMALL, 0), rate), await training.step(drawBatch(SMALL, 1), rate)]);
    }
    expect(losses[1]).toEqual(losses[0]);
    await training.dispose();
  });
});

describe('the optimiser', () => {
  test.each(runtimes)('is AdamW as published (%s)', async (runtime) => {
    const spec = oneVector(product, {
      runtime,
      optimizer: { kind: 'adam', beta1: 0.8, beta2: 0.95, epsilon: 1e-4, weightDecay: 0.1 },
    });
    const start = [1, -2, 0.5];
    const training = await loaded(spec, start);
    const expected = [...start];
    const moments = start.map(() => ({ first: 0, second: 0 }));
    for (let t = 1; t <= 5; t++) {
      const x = [0.3 * t, -1, 1 / t];
      await training.step({ x: Float32Array.from(x) }, { learningRate: 0.05 });
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

  test.each(runtimes)('sees a gradient clipped over all parameters (%s)', async (runtime) => {
    // With a huge epsilon Adam's first step is learningRate * gradient / epsilon, which shows the gradient itself.
    const optimizer = { kind: 'adam', epsilon: 1e6 } as const;
    const step = async (changes: Partial<TrainingSpec>): Promise<number[]> => {
      const training = await loaded(oneVector(product, { runtime, optimizer, ...changes }), [0, 0, 0]);
      await training.step({ x: Float32Array.of(3, 4, 0) }, { learningRate: 1e6 });
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
    const spec = oneVector(product, { runtime, proximal: true, optimizer: { kind: 'adam', epsilon: 1e6 } });
    const training = await loaded(spec, [1, 2, 3]);
    const x = Float32Array.of(1, 0, 0);
    const rate = { learningRate: 1e6, proximal: 0.5 };
    expect(await training.step({ x }, rate)).toBeCloseTo(1, 6);
    const [moved = 0] = training.values().get('w') ?? [];
    const distance = moved - 1;
    expect(distance).toBeCloseTo(-1, 3);
    expect(await training.step({ x }, rate)).toBeCloseTo(moved + 0.25 * distance ** 2, 4);
    expect(await training.step({ x: new Float32Array(3) }, { learningRate: 0, proximal: 0 })).toBe(0);
    await training.dispose();
  });

  test('gives a parameter the loss does not use the gradient zero', async () => {
    const spec = oneVector(product, {
      parameters: [
        { name: 'w', shape: [3] },
        { name: 'unused', shape: [2, 2] },
      ],
    });
    const training = await compileTraining(spec);
    training.load(
      new Map([
        ['w', new Float32Array(3)],
        ['unused', Float32Array.of(1, 2, 3, 4)],
      ]),
    );
    await training.step({ x: Float32Array.of(1, 1, 1) }, { learningRate: 0.1 });
    expect([...(training.values().get('unused') ?? [])]).toEqual([1, 2, 3, 4]);
    await training.dispose();
  });
});

describe('what is refused', () => {
  const x = Float32Array.of(1, 2, 3);
  const rate = { learningRate: 0.1 };

  test.each(runtimes)('a loss that is not finite, with the parameters left as they were (%s)', async (runtime) => {
    const training = await loaded(
      oneVector((w, y) => tf.sum(tf.log(tf.mul(w, y))), { runtime }),
      [1, 1, 1],
    );
    await training.step({ x }, rate);
    const before = training.values();
    await expect(training.step({ x: Float32Array.of(1, 2, -3) }, rate)).rejects.toMatchObject({ code: 'not-finite' });
    expect(training.values()).toEqual(before);
    await expect(training.step({ x }, rate)).resolves.toBeTypeOf('number');
    await training.dispose();
  });

  test.each(runtimes)('a gradient that is not finite although the loss is (%s)', async (runtime) => {
    const training = await loaded(
      oneVector((w, y) => tf.sum(tf.sqrt(tf.mul(w, y))), { runtime }),
      [0, 1, 1],
    );
    await expect(training.step({ x }, rate)).rejects.toMatchObject({ code: 'not-finite' });
    await training.dispose();
  });

  const batches: [string, Batch, RegExp][] = [
    ['a missing input', {}, /"x" is missing/],
    ['an unknown input', { x, y: x }, /no input "y"; the inputs are "x"/],
    ['an input of the wrong length', { x: Float32Array.of(1) }, /"x" has 1 values; its shape \[3\] needs 3/],
    ['an input of the wrong type', { x: Int32Array.of(1, 2, 3) }, /"x" must be a Float32Array/],
  ];
  test.each(batches)('%s', async (_, batch, message) => {
    const training = await loaded(oneVector(product), [1, 1, 1]);
    await expect(training.step(batch, rate)).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringMatching(message),
    });
    await training.dispose();
  });

  test('parameters that are missing, unknown or of the wrong size', async () => {
    const training = await compileTraining(oneVector(product));
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
    const training = await compileTraining(oneVector(product));
    await expect(training.step({ x }, rate)).rejects.toMatchObject({ code: 'not-loaded' });
    training.load(new Map([['w', x]]));
    const running = training.step({ x }, rate);
    await expect(training.step({ x }, rate)).rejects.toMatchObject({ code: 'busy' });
    await running;
    await training.dispose();
    await expect(training.step({ x }, rate)).rejects.toMatchObject({ code: 'disposed' });
  });

  const functions: [string, (w: tf.Tensor, x: tf.Tensor) => tf.Scalar, string, RegExp][] = [
    ['reading data', (w) => tf.mul(tf.sum(w), w.dataSync()[0] ?? 0), 'data-read', /reads the data of a tensor/],
    ['tfjs dropout', (w) => tf.sum(tf.dropout(w, 0.5)), 'random-op', /tf\.dropout.*noise\.dropout/],
    ['tfjs random numbers', (w) => tf.sum(tf.mul(w, tf.randomNormal([3]))), 'random-op', /tf\.randomNormal/],
    ['an operation without translation', (w) => tf.sum(tf.atan2(w, tf.ones([3]))), 'unsupported-kernel', /"Atan2"/],
    ['a loss that is no scalar', (w) => tf.mul(w, 2) as unknown as tf.Scalar, 'invalid-spec', /shape \[3\]/],
  ];
  test.each(functions)('a loss with %s', async (_, loss, code, message) => {
    await expect(compileTraining(oneVector(loss))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(tf.getBackend()).toBe('cpu');
  });
});
