import { describe, expect, test } from 'vitest';

import { tf } from '../engine.ts';
import {
  drawOperands,
  evaluate,
  finiteDifferences,
  relativeError,
  type DifferentiableCase,
} from '../testing/gradient-check.ts';
import { causalAttention } from './causal-attention.ts';
import { gatherRows } from './gather-rows.ts';
import { gelu } from './gelu.ts';
import { l2Normalise } from './l2-normalise.ts';
import { layerNorm } from './layer-norm.ts';
import { linear } from './linear.ts';
import { softmaxCrossEntropy } from './softmax-cross-entropy.ts';

function example(
  operands: DifferentiableCase['operands'],
  compute: (get: (name: string) => tf.Tensor) => tf.Tensor,
): DifferentiableCase {
  return {
    operands,
    compute: (tensors) =>
      compute((name) => {
        const tensor = tensors[name];
        if (tensor === undefined) throw new Error(`no operand ${name}`);
        return tensor;
      }),
  };
}

const cases: Readonly<Record<string, DifferentiableCase>> = {
  'linear with bias': example({ x: { shape: [2, 3, 4] }, w: { shape: [4, 5] }, b: { shape: [5] } }, (get) =>
    linear(get('x'), get('w'), get('b')),
  ),
  'linear without bias': example({ x: { shape: [3, 4] }, w: { shape: [4, 2] } }, (get) => linear(get('x'), get('w'))),
  layerNorm: example({ x: { shape: [2, 3, 6] }, gain: { shape: [6] }, bias: { shape: [6] } }, (get) =>
    layerNorm(get('x'), get('gain'), get('bias')),
  ),
  'layerNorm with a large epsilon': example(
    { x: { shape: [3, 4] }, gain: { shape: [4] }, bias: { shape: [4] } },
    (get) => layerNorm(get('x'), get('gain'), get('bias'), 0.5),
  ),
  gelu: example({ x: { shape: [3, 7], range: [-4, 4] } }, (get) => gelu(get('x'))),
  l2Normalise: example({ x: { shape: [4, 5] } }, (get) => l2Normalise(get('x'))),
  'gatherRows with repeated indices': example(
    { table: { shape: [5, 3] }, places: { shape: [4, 6], range: [0, 5], integer: true } },
    (get) => gatherRows(get('table'), get('places')),
  ),
  softmaxCrossEntropy: example(
    { logits: { shape: [6, 5] }, targets: { shape: [6], range: [0, 5], integer: true } },
    (get) => softmaxCrossEntropy(get('logits'), get('targets'), tf.tensor1d([1, 0.5, 2, 0, 1, 0.1])),
  ),
  causalAttention: example({ q: { shape: [2, 4, 6] }, k: { shape: [2, 4, 6] }, v: { shape: [2, 4, 6] } }, (get) =>
    causalAttention({
      query: get('q'),
      key: get('k'),
      value: get('v'),
      keyMask: tf.tensor2d([1, 0, 1, 1, 1, 1, 0, 1], [2, 4]),
      heads: 2,
    }),
  ),
};

describe('a composite', () => {
  test.each(Object.entries(cases))('%s: graph, eager reference and finite differences agree', async (_, composite) => {
    const values = drawOperands(composite, 3);
    const traced = await evaluate(composite, values, 'onnx');
    const reference = await evaluate(composite, values, 'cpu');
    const differences = await finiteDifferences(composite, values);
    expect(relativeError(traced.value, reference.value)).toBeLessThan(2e-6);
    for (const [name, { places, slopes }] of Object.entries(differences)) {
      const gradient = traced.gradients[name] ?? new Float32Array();
      expect(relativeError(gradient, reference.gradients[name] ?? [])).toBeLessThan(1e-5);
      const scale = Math.max(...gradient.map(Math.abs));
      expect(scale).toBeGreaterThan(0);
      for (const [i, place] of places.entries()) {
        expect(Math.abs((gradient[place] ?? 0) - (slopes[i] ?? 0)) / scale).toBeLessThan(1e-4);
      }
    }
  });
});

describe('edges of the composites', () => {
  test('a row of zeros normalises to zeros and keeps a finite gradient', async () => {
    const rows = example({ x: { shape: [2, 3] } }, (get) => l2Normalise(get('x')));
    const { value, gradients } = await evaluate(rows, { x: Float32Array.of(0, 0, 0, 3, 4, 0) }, 'onnx');
    expect([...value]).toEqual([0, 0, 0, expect.closeTo(0.6, 6), expect.closeTo(0.8, 6), 0]);
    expect(gradients['x']?.every(Number.isFinite)).toBe(true);
  });

  test('cross entropy with all weights zero is zero and has no gradient', async () => {
    const loss = example({ logits: { shape: [2, 3] } }, (get) =>
      softmaxCrossEntropy(get('logits'), tf.tensor1d([0, 2], 'int32'), tf.zeros([2])),
    );
    const { value, gradients } = await evaluate(loss, { logits: Float32Array.of(1, 2, 3, 4, 5, 6) }, 'onnx');
    expect([...value]).toEqual([0]);
    expect(gradients['logits']?.every((slope) => slope === 0)).toBe(true);
  });

  test('attention never looks at padding or at the future', async () => {
    const attention = example({ v: { shape: [1, 3, 2] } }, (get) =>
      causalAttention({
        query: tf.zeros([1, 3, 2]),
        key: tf.zeros([1, 3, 2]),
        value: get('v'),
        keyMask: tf.tensor2d([0, 1, 1], [1, 3]),
        heads: 1,
      }),
    );
    const { value } = await evaluate(attention, { v: Float32Array.of(9, 9, 1, 2, 3, 4) }, 'onnx');
    // Position 1 sees only itself, position 2 the mean of 1 and 2; position 0 is padding and its output has no meaning.
    expect([...value].slice(2)).toEqual([1, 2, 2, 3]);
  });
});
