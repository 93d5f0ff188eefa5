import { describe, expect, test } from 'vitest';

import { tf } from './engine.ts';
import type { Runtime } from './spec.ts';
import { compile, type Training } from './training/compile.ts';

const WIDTH = 64;

function open(runtime: Runtime): Promise<Training> {
  return compile(
    (p, b, _, noise) =>
      tf.mean(tf.square(tf.matMul(noise.dropout(b['x'] ?? tf.scalar(0), 0.1), p['w'] ?? tf.scalar(0)))),
    { parameters: [{ name: 'w', shape: [WIDTH, WIDTH] }], optimizer: { kind: 'adam' }, seed: 1, runtime },
  );
}

const weights = new Map([['w', new Float32Array(WIDTH * WIDTH).fill(0.01)]]);
const batch = { x: { shape: [8, WIDTH], data: new Float32Array(8 * WIDTH).fill(1) } };

async function steps(training: Training, count: number): Promise<void> {
  for (let step = 0; step < count; step++) await training.step(batch, { learningRate: 1e-4 });
}

describe('memory stays where it is', () => {
  // A step that kept its 16 KiB of parameters would keep 160 MB of 10,000 steps.
  test.each([
    ['onnx', 10_000],
    ['onnx-wasm', 2_000],
    ['cpu', 1_000],
  ] as const)('%s: over %i steps', async (runtime, count) => {
    const training = await open(runtime);
    training.load(weights);
    await steps(training, count / 5);
    const before = { rss: process.memoryUsage().rss, ...tf.memory() };
    await steps(training, count);
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    expect(process.memoryUsage().rss - before.rss).toBeLessThan(64 * 2 ** 20);
    await training.dispose();
  });

  test('over 100 trainings, compiled, used and disposed', async () => {
    const once = async (): Promise<void> => {
      const training = await open('onnx');
      training.load(weights);
      await steps(training, 2);
      await training.dispose();
    };
    for (let i = 0; i < 20; i++) await once();
    const before = { rss: process.memoryUsage().rss, tensors: tf.memory().numTensors };
    for (let i = 0; i < 100; i++) await once();
    expect(tf.memory().numTensors).toBe(before.tensors);
    expect(process.memoryUsage().rss - before.rss).toBeLessThan(64 * 2 ** 20);
  });
});
