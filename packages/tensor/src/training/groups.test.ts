import { describe, expect, test } from 'vitest';

import { tf } from '../engine.ts';
import type { Batch, Runtime, Values } from '../spec.ts';
import { compile, type Training } from './compile.ts';

const runtimes: readonly Runtime[] = ['onnx', 'cpu'];
const batch: Batch = { x: { shape: [2], data: Float32Array.of(1, -1) } };
const rate = { learningRate: 0.1 };
const start: Values = new Map([
  ['encoder/weight', Float32Array.of(1, 2)],
  ['encoder/bias', Float32Array.of(0, 0)],
  ['head/weight', Float32Array.of(3, 4)],
]);

/** Minimises sum((encoder * x + bias) * head). */
async function training(runtime: Runtime): Promise<Training> {
  const made = await compile(
    (p, b) => {
      const get = (name: string): tf.Tensor => p[name] ?? tf.scalar(0);
      const hidden = tf.add(tf.mul(get('encoder/weight'), b['x'] ?? tf.scalar(0)), get('encoder/bias'));
      return tf.sum(tf.mul(hidden, get('head/weight')));
    },
    {
      parameters: [...start.keys()].map((name) => ({ name, shape: [2] })),
      optimizer: { kind: 'sgd', momentum: 0.9 },
      proximal: true,
      seed: 1,
      runtime,
    },
  );
  made.load(start);
  return made;
}

const isHead = (name: string): boolean => name.startsWith('head/');

describe.each(runtimes)('parameter groups (%s)', (runtime) => {
  test('that are frozen stay as they are, and go on from there when they thaw', async () => {
    const model = await training(runtime);
    model.setTrainable(isHead);
    await model.step(batch, rate);
    expect(model.values(['encoder'])).toEqual(new Map([...start].filter(([name]) => !isHead(name))));
    expect([...(model.values().get('head/weight') ?? [])]).toEqual([
      expect.closeTo(3 - 0.1, 6),
      expect.closeTo(4 + 0.2, 6),
    ]);
    model.setTrainable((name) => !isHead(name));
    await model.step(batch, rate);
    // The gradient of the encoder is head * x with the head as it was left.
    expect([...(model.values().get('encoder/weight') ?? [])]).toEqual([
      expect.closeTo(1 - 0.29, 6),
      expect.closeTo(2 + 0.42, 6),
    ]);
    await model.dispose();
  });

  test('alternate as if each had been trained by a training of its own', async () => {
    const alternating = await training(runtime);
    let values = start;
    for (const turn of [isHead, (name: string) => !isHead(name), isHead]) {
      alternating.setTrainable(turn);
      const fresh = await training(runtime);
      fresh.setTrainable(turn);
      fresh.load(values);
      for (let step = 0; step < 2; step++) {
        await alternating.step(batch, rate);
        await fresh.step(batch, rate);
      }
      values = fresh.values();
      await fresh.dispose();
      expect(alternating.values()).toEqual(values);
    }
    await alternating.dispose();
  });

  test('can be initialised anew while the others stay', async () => {
    const model = await training(runtime);
    await model.step(batch, rate);
    const before = model.values(['head']);
    model.assign(new Map([['encoder/weight', Float32Array.of(7, 8)]]));
    expect(model.values(['head'])).toEqual(before);
    expect([...(model.values().get('encoder/weight') ?? [])]).toEqual([7, 8]);
    // The anchor moved too: without a gradient the proximal term pulls nowhere.
    await model.step({ x: { shape: [2], data: new Float32Array(2) } }, { learningRate: 0, proximal: 5 });
    expect([...(model.values().get('encoder/weight') ?? [])]).toEqual([7, 8]);
    await model.dispose();
  });

  test('that are frozen can be given new values too', async () => {
    const model = await training(runtime);
    model.setTrainable(isHead);
    await model.step(batch, rate);
    model.assign(new Map([['encoder/weight', Float32Array.of(10, 0)]]));
    const head = model.values().get('head/weight') ?? new Float32Array();
    await model.step(batch, rate);
    expect(model.values().get('head/weight')?.[0]).toBeCloseTo((head[0] ?? 0) - 0.1 * 10, 5);
    await model.dispose();
  });

  test('refuse unknown names and wrong sizes, and leave everything as it was', async () => {
    const model = await training(runtime);
    const assign = (name: string, size: number) => () =>
      model.assign(
        new Map([
          ['head/weight', Float32Array.of(9, 9)],
          [name, new Float32Array(size)],
        ]),
      );
    expect(assign('decoder/weight', 2)).toThrow('no parameter "decoder/weight"');
    expect(assign('encoder/weight', 3)).toThrow('needs 2');
    expect(() => model.setTrainable(() => false)).toThrow('No parameter is trainable');
    expect(model.values()).toEqual(start);
    await model.dispose();
  });
});
