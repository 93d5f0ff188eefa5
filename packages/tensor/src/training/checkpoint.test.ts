import { describe, expect, test } from 'vitest';

import { drawBatch, initialValues, SMALL, smallTransformer } from '../benchmark/small-transformer.ts';
import { readSafetensors } from '../safetensors/read.ts';
import type { TensorFile } from '../safetensors/tensor-file.ts';
import { writeSafetensors } from '../safetensors/write.ts';
import type { Runtime, TrainingOptions, Values } from '../spec.ts';
import { compile, type Training } from './compile.ts';

const runtimes: readonly Runtime[] = ['onnx', 'cpu'];
const { loss, options } = smallTransformer(SMALL, 0.3);

function trainable(name: string): boolean {
  return !name.startsWith('item.');
}

async function open(changes: Partial<TrainingOptions> = {}): Promise<Training> {
  return compile(loss, { ...options, trainable, optimizer: { kind: 'adamw' }, proximal: true, ...changes });
}

async function steps(training: Training, from: number, to: number): Promise<Values> {
  for (let step = from; step < to; step++) {
    await training.step(drawBatch(SMALL, step), { learningRate: 0.01, proximal: 0.1 });
  }
  return training.values();
}

async function checkpointAfter(count: number, changes: Partial<TrainingOptions> = {}): Promise<TensorFile> {
  const training = await open(changes);
  training.load(initialValues(options));
  await steps(training, 0, count);
  const checkpoint = training.checkpoint();
  await training.dispose();
  return checkpoint;
}

describe('a checkpoint', () => {
  test.each(runtimes)('written to a file goes on bit for bit as if it had never stopped (%s)', async (runtime) => {
    const whole = await open({ runtime });
    whole.load(initialValues(options));
    const expected = await steps(whole, 0, 6);
    await whole.dispose();

    const file = readSafetensors(writeSafetensors(await checkpointAfter(3, { runtime })));
    const resumed = await open({ runtime });
    resumed.restore(file);
    expect(await steps(resumed, 3, 6)).toEqual(expected);
    await resumed.dispose();
  });

  test('remembers what was frozen', async () => {
    const training = await open();
    training.load(initialValues(options));
    training.setTrainable((name) => name.startsWith('sequence.position'));
    const checkpoint = training.checkpoint();
    await training.dispose();

    const resumed = await open();
    resumed.restore(checkpoint);
    const after = await steps(resumed, 0, 1);
    for (const [name, value] of initialValues(options)) {
      const moved = value.some((x, i) => x !== after.get(name)?.[i]);
      expect(moved, name).toBe(name.startsWith('sequence.position'));
    }
    await resumed.dispose();
  });

  test('holds the parameters under their own names', async () => {
    const { tensors } = await checkpointAfter(1);
    for (const { name, shape } of options.parameters) expect(tensors.get(name)?.shape).toEqual(shape);
  });

  const others: [string, (file: TensorFile) => TensorFile, RegExp][] = [
    ['a file that is none', ({ tensors }) => ({ tensors, metadata: {} }), /no checkpoint of a training/],
    [
      'a missing parameter',
      ({ tensors, metadata }) => ({
        tensors: new Map([...tensors].filter(([name]) => name !== 'item.norm/gain')),
        metadata,
      }),
      /no tensor "item.norm\/gain"/,
    ],
    [
      'a parameter of another shape',
      ({ tensors, metadata }) => ({
        tensors: new Map([...tensors, ['item.norm/gain', { shape: [1], data: new Float32Array(1) }]]),
        metadata,
      }),
      /"item.norm\/gain" has shape \[1\], not \[8\]/,
    ],
    [
      'a position that is no JSON',
      ({ tensors, metadata }) => ({ tensors, metadata: { ...metadata, position: '{' } }),
      /position cannot be read/,
    ],
  ];
  test.each(others)('is refused: %s', async (_, change, message) => {
    const training = await open();
    const start = initialValues(options);
    training.load(start);
    const checkpoint = change(await checkpointAfter(1));
    expect(() => training.restore(checkpoint)).toThrow(message);
    expect(training.values()).toEqual(start);
    await training.dispose();
  });

  test('is refused by a training with another optimiser or seed', async () => {
    const checkpoint = await checkpointAfter(1);
    const sgd = await open({ optimizer: { kind: 'sgd' } });
    expect(() => sgd.restore(checkpoint)).toThrow(/made with the optimiser {"kind":"adamw"}/);
    const seeded = await open({ seed: 99 });
    expect(() => seeded.restore(checkpoint)).toThrow(/seed 7/);
    await sgd.dispose();
    await seeded.dispose();
  });
});
