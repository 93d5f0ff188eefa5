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
import { contrastiveLoss } from './contrastive-loss.ts';
import { feedForward } from './feed-forward.ts';
import { gatherRows } from './gather-rows.ts';
import { gelu } from './gelu.ts';
import { l2Normalise } from './l2-normalise.ts';
import { layerNorm } from './layer-norm.ts';
import { linear } from './linear.ts';
import { sampledSoftmaxCrossEntropy } from './sampled-softmax-cross-entropy.ts';
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
  feedForward: example(
    { x: { shape: [2, 3, 4] }, w: { shape: [4, 6] }, b: { shape: [6] }, v: { shape: [6, 4] }, c: { shape: [4] } },
    (get) => feedForward(get('x'), { inner: get('w'), innerBias: get('b'), outer: get('v'), outerBias: get('c') }),
  ),
  'sampledSoftmaxCrossEntropy with hits and expected counts': example(
    { positive: { shape: [4] }, negatives: { shape: [4, 5] } },
    (get) =>
      sampledSoftmaxCrossEntropy({
        positive: get('positive'),
        negatives: get('negatives'),
        targets: tf.tensor1d([7, 2, 9, 2], 'int32'),
        samples: tf.tensor1d([1, 2, 3, 4, 9], 'int32'),
        weights: tf.tensor1d([1, 2, 0.5, 0]),
        logExpectedCounts: { targets: tf.tensor1d([-1, -2, -3, -2]), samples: tf.tensor1d([-1, -2, -1, 0, -3]) },
      }),
  ),
  'contrastiveLoss, symmetric, with twins': example({ q: { shape: [4, 3] }, k: { shape: [4, 3] } }, (get) =>
    contrastiveLoss({
      queries: get('q'),
      keys: get('k'),
      temperature: 0.5,
      weights: tf.tensor1d([1, 0.5, 0, 2]),
      identities: tf.tensor1d([5, 6, 5, 7], 'int32'),
      symmetric: true,
    }),
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

  test('with every other class sampled once, the sampled softmax is the full one', async () => {
    const logits = Float32Array.of(0.3, -1, 2, 0.5, 1, 0.2, -0.4, 0.9);
    const full = example({ logits: { shape: [2, 4] } }, (get) =>
      softmaxCrossEntropy(get('logits'), tf.tensor1d([2, 0], 'int32'), tf.ones([2])),
    );
    const sampled = example({ logits: { shape: [2, 4] } }, (get) =>
      sampledSoftmaxCrossEntropy({
        positive: tf.gather(tf.reshape(get('logits'), [8]), tf.tensor1d([2, 4], 'int32')),
        negatives: get('logits'),
        targets: tf.tensor1d([2, 0], 'int32'),
        samples: tf.range(0, 4, 1, 'int32'),
        weights: tf.ones([2]),
      }),
    );
    const [a, b] = [await evaluate(full, { logits }, 'onnx'), await evaluate(sampled, { logits }, 'onnx')];
    expect(b.value[0]).toBeCloseTo(a.value[0] ?? 0, 6);
    expect(relativeError(b.gradients['logits'] ?? [], a.gradients['logits'] ?? [])).toBeLessThan(1e-5);
  });

  test('a twin of the key is no negative of the query', async () => {
    const loss = (identities: number[]): DifferentiableCase =>
      example({ q: { shape: [2, 2] } }, (get) =>
        contrastiveLoss({
          queries: get('q'),
          keys: get('q'),
          temperature: 1,
          weights: tf.ones([2]),
          identities: tf.tensor1d(identities, 'int32'),
        }),
      );
    const q = Float32Array.of(1, 0, 1, 0);
    expect([...(await evaluate(loss([1, 1]), { q }, 'onnx')).value]).toEqual([expect.closeTo(0, 6)]);
    expect([...(await evaluate(loss([1, 2]), { q }, 'onnx')).value]).toEqual([expect.closeTo(Math.LN2, 6)]);
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
