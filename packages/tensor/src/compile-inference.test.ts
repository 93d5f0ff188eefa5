import { describe, expect, test } from 'vitest';

import { compileInference, type Inference } from './compile-inference.ts';
import { linear } from './composites/linear.ts';
import { tf } from './engine.ts';
import type { HostValue, Runtime } from './spec.ts';

const runtimes: readonly Runtime[] = ['onnx', 'cpu'];

function example(runtime: Runtime | 'auto'): Promise<Inference> {
  return compileInference(
    (p, i, c) => {
      const encoded = linear(tf.gather(c['table'] ?? tf.scalar(0), c['order'] ?? tf.scalar(0)), p['w'] ?? tf.scalar(0));
      const rows = tf.gather(encoded, i['places'] ?? tf.scalar(0));
      return { encoded, best: tf.argMax(rows, 1), untouched: i['places'] ?? tf.scalar(0), three: tf.scalar(3) };
    },
    {
      parameters: [{ name: 'w', shape: [2, 3] }],
      constants: {
        table: { shape: [4, 2], data: Float32Array.of(1, 0, 0, 1, 1, 1, 2, -1) },
        order: { shape: [4], data: Int32Array.of(3, 2, 1, 0) },
      },
      runtime,
    },
  );
}

function placesOf(...places: number[]): Record<string, HostValue> {
  return { places: { shape: [places.length], data: Int32Array.from(places) } };
}

const w = Float32Array.of(1, 2, 3, 6, 5, 4);

describe.each(runtimes)('a compiled inference (%s)', (runtime) => {
  test('gives values, integers, what is fixed, what was fed and what is constant', async () => {
    const inference = await example(runtime);
    inference.load(new Map([['w', w]]));
    const { encoded, best, untouched, three } = await inference.run(placesOf(0, 3));
    expect(encoded).toEqual({ shape: [4, 3], data: Float32Array.of(-4, -1, 2, 7, 7, 7, 6, 5, 4, 1, 2, 3) });
    expect(best).toEqual({ shape: [2], data: Int32Array.of(2, 2) });
    expect(untouched).toEqual({ shape: [2], data: Int32Array.of(0, 3) });
    expect(three).toEqual({ shape: [], data: Float32Array.of(3) });
    await inference.dispose();
  });

  test("follows another load, and gives results that are the caller's own", async () => {
    const inference = await example(runtime);
    const values = w.slice();
    inference.load(new Map([['w', values]]));
    values.fill(0);
    const first = await inference.run(placesOf(0, 1));
    first['encoded']?.data.fill(99);
    const second = await inference.run(placesOf(0, 1));
    expect(second['encoded']?.data[3]).toBe(7);
    inference.load(new Map([['w', w.map((value) => -value)]]));
    const third = await inference.run(placesOf(0, 1));
    expect(third['encoded']?.data[3]).toBe(-7);
    await inference.dispose();
  });

  test('refuses a run before load and after disposal', async () => {
    const inference = await example(runtime);
    await expect(inference.run(placesOf(0, 1))).rejects.toMatchObject({ code: 'not-loaded' });
    await inference.dispose();
    await expect(inference.run(placesOf(0, 1))).rejects.toMatchObject({ code: 'disposed' });
  });
});

function isInference(value: unknown): value is Inference {
  return typeof value === 'object' && value !== null && 'runtime' in value;
}

describe('the choice of a runtime', () => {
  test('auto is onnx where onnxruntime-node loads', async () => {
    const inference = await example('auto');
    expect(inference.runtime).toBe('onnx');
    await inference.dispose();
  });

  test('tensorflow gives the same results where @tensorflow/tfjs-node is installed, and is named where it is not', async () => {
    const inference = await example('tensorflow').catch((error: unknown) => error);
    expect(tf.getBackend()).toBe('cpu');
    if (!isInference(inference)) {
      expect(inference).toMatchObject({
        code: 'engine-missing',
        message: expect.stringContaining('@tensorflow/tfjs-node'),
      });
      return;
    }
    inference.load(new Map([['w', w]]));
    const { best } = await inference.run(placesOf(0, 3));
    expect(best?.data).toEqual(Int32Array.of(2, 2));
  });

  test('an index outside the table is an error of the engine, not a crash', async () => {
    const inference = await example('onnx');
    inference.load(new Map([['w', w]]));
    await expect(inference.run(placesOf(0, 4))).rejects.toMatchObject({ code: 'engine-failed' });
    await expect(inference.run(placesOf(0, 3))).resolves.toHaveProperty('best');
    await inference.dispose();
  });
});

test('rows that meet in a scatter are all added, whatever the threads do', async () => {
  const [count, width, size] = [20_000, 64, 3];
  const inference = await compileInference(
    (_, { places = tf.scalar(0), updates = tf.scalar(0) }) => ({
      sums: tf.scatterND(tf.expandDims(places, 1), updates, [size, width]),
    }),
    { parameters: [], runtime: 'onnx', threads: 4 },
  );
  inference.load(new Map());
  const places = Int32Array.from({ length: count }, (_, i) => i % size);
  const expected = Array.from({ length: size * width }, (_, i) => Math.ceil((count - Math.floor(i / width)) / size));
  for (let run = 0; run < 40; run++) {
    const { sums } = await inference.run({
      places: { shape: [count], data: places },
      updates: { shape: [count, width], data: new Float32Array(count * width).fill(1) },
    });
    expect([...(sums?.data ?? [])]).toEqual(expected);
  }
  await inference.dispose();
});
