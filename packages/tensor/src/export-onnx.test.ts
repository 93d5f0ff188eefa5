import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';

import { drawBatch, initialValues, SMALL, smallTransformer } from './benchmark/small-transformer.ts';
import { compileInference, type Outputs } from './compile-inference.ts';
import { gelu } from './composites/gelu.ts';
import { layerNorm } from './composites/layer-norm.ts';
import { tf } from './engine.ts';
import { exportOnnx } from './export-onnx.ts';
import { topItems } from './ranking/top-items.ts';

const { loss, options } = smallTransformer(SMALL, 0);
const values = initialValues(options);
const batch = drawBatch(SMALL, 1);
const noNoise = {
  dropout: <T extends tf.Tensor>(x: T): T => x,
  normal: (shape: readonly number[]) => tf.zeros([...shape]),
};

/** The whole miniature recommender, and operations with several outputs. */
const outputs: Outputs = (p, b, c) => {
  const history = tf.cast(b['history'] ?? tf.scalar(0), 'float32');
  const normal = layerNorm(history, tf.ones([SMALL.length]), tf.zeros([SMALL.length]));
  return { loss: loss(p, b, c, noNoise), bent: gelu(normal), ...topItems(normal, 2) };
};

describe('an exported model', () => {
  const file = exportOnnx(outputs, options, values, batch);

  test('gives in a plain runtime what the compiled function gives', async () => {
    const inference = await compileInference(outputs, options);
    inference.load(values);
    const expected = await inference.run(batch);
    await inference.dispose();

    const session = await InferenceSession.create(file, { graphOptimizationLevel: 'disabled' });
    expect([...session.inputNames].toSorted()).toEqual(['history', 'mask', 'target', 'weight']);
    expect([...session.outputNames].toSorted()).toEqual(['bent', 'items', 'loss', 'scores']);
    const feeds = Object.fromEntries(
      Object.entries(batch).map(([name, { shape, data }]) => [
        name,
        data instanceof Float32Array ? new Tensor('float32', data, shape) : new Tensor('int32', data, shape),
      ]),
    );
    const found = await session.run(feeds);
    for (const [name, { shape, data }] of Object.entries(expected)) {
      expect(found[name]?.dims, name).toEqual(shape);
      const actual = Array.from(found[name]?.data as Float32Array | Int32Array, Number);
      expect(actual, name).toEqual(Array.from(data, (value) => expect.closeTo(value, 4)));
    }
    await session.release();
  });

  test('uses no contributed operator', () => {
    expect(Buffer.from(file).includes('com.microsoft')).toBe(false);
    expect(Buffer.from(file).includes('FusedMatMul')).toBe(false);
  });

  test('needs every parameter', () => {
    expect(() => exportOnnx(outputs, options, new Map(), batch)).toThrow('is missing');
  });
});
