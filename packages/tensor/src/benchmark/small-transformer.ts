import { addPositions } from '../composites/add-positions.ts';
import { causalAttention } from '../composites/causal-attention.ts';
import { gatherRows } from '../composites/gather-rows.ts';
import { gelu } from '../composites/gelu.ts';
import { l2Normalise } from '../composites/l2-normalise.ts';
import { layerNorm } from '../composites/layer-norm.ts';
import { linear } from '../composites/linear.ts';
import { crossEntropies, softmaxCrossEntropy } from '../composites/softmax-cross-entropy.ts';
import { tf } from '../engine.ts';
import type { PerExampleSpec } from '../per-example/per-example-spec.ts';
import type { Batch, Loss, ParameterSpec, Tensors, TrainingOptions, Values } from '../spec.ts';
import { featureTable, getter } from './named-tensors.ts';
import { uniformSource } from './uniform-source.ts';

export interface Sizes {
  readonly items: number;
  readonly features: number;
  readonly experts: number;
  readonly width: number;
  readonly length: number;
  readonly batch: number;
  readonly blocks: number;
}

export const SMALL: Sizes = { items: 24, features: 10, experts: 3, width: 8, length: 6, batch: 5, blocks: 2 };

/**
 * A recommender in miniature with every part of the real one: gated mixture of whitening experts over item features,
 * sum and product fusion, positions, attention with padding, cosine logits over the catalogue.
 */
export function smallTransformer(
  sizes: Sizes,
  dropout: number,
): { readonly loss: Loss; readonly options: Omit<TrainingOptions, 'optimizer'> } {
  const { items, features } = sizes;
  return {
    loss: (p, b, c, noise) => {
      const logits = logitsOf(sizes, p, b, c, (x) => noise.dropout(x, dropout));
      return softmaxCrossEntropy(logits, getter(b)('target'), getter(b)('weight'));
    },
    options: {
      parameters: parametersOf(sizes),
      constants: { text: featureTable(items, features, 1), image: featureTable(items, features, 2) },
      clipGradientNorm: 1,
      seed: 7,
    },
  };
}

/** The same model without dropout, with one loss for each example and the item side frozen. */
export function perExampleTransformer(sizes: Sizes): Omit<PerExampleSpec, 'runtime' | 'threads'> {
  const { parameters, constants = {} } = smallTransformer(sizes, 0).options;
  const { length, batch } = sizes;
  return {
    parameters,
    constants,
    inputs: {
      history: { shape: [batch, length], dtype: 'int32' },
      mask: { shape: [batch, length], dtype: 'float32' },
      target: { shape: [batch], dtype: 'int32' },
      weight: { shape: [batch], dtype: 'float32' },
    },
    examples: sizes.batch,
    trainable: (name) => name.startsWith('sequence.') || name.startsWith('item.norm'),
    losses: (p, b, c) =>
      crossEntropies(
        logitsOf(sizes, p, b, c, (x) => x),
        getter(b)('target'),
      ),
  };
}

export function initialValues({ parameters }: Pick<TrainingOptions, 'parameters'>, seed = 3): Values {
  const uniform = uniformSource(seed);
  return new Map(
    parameters.map(({ name, shape }) => {
      const length = shape.reduce((size, dimension) => size * dimension, 1);
      const centre = name.endsWith('gain') ? 1 : 0;
      return [name, Float32Array.from({ length }, () => centre + (uniform() - 0.5) * 0.6)];
    }),
  );
}

/** Histories are padded on the left; the last example is padding altogether, with weight 0. */
export function drawBatch({ items, length, batch }: Sizes, seed: number): Batch {
  const uniform = uniformSource(seed);
  const place = (): number => Math.floor(uniform() * items);
  const padding = Array.from({ length: batch }, () => Math.floor(uniform() * length));
  const rows = [batch, length];
  return {
    history: { shape: rows, data: Int32Array.from({ length: batch * length }, place) },
    mask: {
      shape: rows,
      data: Float32Array.from({ length: batch * length }, (_, i) =>
        i % length >= (padding[Math.floor(i / length)] ?? 0) ? 1 : 0,
      ),
    },
    target: { shape: [batch], data: Int32Array.from({ length: batch }, place) },
    weight: { shape: [batch], data: Float32Array.from({ length: batch }, (_, i) => (i === batch - 1 ? 0 : 1)) },
  };
}

function parametersOf({ features, experts, width, length, blocks }: Sizes): ParameterSpec[] {
  const modality = (group: string): ParameterSpec[] => [
    { name: `${group}/expert.weight`, shape: [features, experts * width] },
    { name: `${group}/expert.bias`, shape: [experts * width] },
    { name: `${group}/gate.weight`, shape: [features, experts] },
  ];
  const norm = (group: string): ParameterSpec[] => [
    { name: `${group}/gain`, shape: [width] },
    { name: `${group}/bias`, shape: [width] },
  ];
  const block = (group: string): ParameterSpec[] => [
    ...['query', 'key', 'value', 'output'].map((part) => ({
      name: `${group}.attention/${part}.weight`,
      shape: [width, width],
    })),
    ...norm(`${group}.attention.norm`),
    { name: `${group}.feedforward/inner.weight`, shape: [width, 2 * width] },
    { name: `${group}.feedforward/inner.bias`, shape: [2 * width] },
    { name: `${group}.feedforward/outer.weight`, shape: [2 * width, width] },
    ...norm(`${group}.feedforward.norm`),
  ];
  return [
    ...modality('item.text'),
    ...modality('item.image'),
    ...norm('item.norm'),
    { name: 'sequence.position/embedding', shape: [length, width] },
    ...Array.from({ length: blocks }, (_, i) => block(`sequence.block.${i}`)).flat(),
  ];
}

/** Cosine over temperature of the state after each history to every item: [batch, items]. */
export function logitsOf(
  sizes: Sizes,
  parameters: Tensors,
  batch: Tensors,
  constants: Tensors,
  dropout: (x: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  const { items, experts, width, length, blocks } = sizes;
  const p = getter(parameters);
  const b = getter(batch);
  const c = getter(constants);
  const modality = (group: string, x: tf.Tensor): tf.Tensor => {
    const gates = tf.softmax(tf.matMul(x, p(`${group}/gate.weight`)));
    const outputs = tf.reshape(linear(x, p(`${group}/expert.weight`), p(`${group}/expert.bias`)), [
      items,
      experts,
      width,
    ]);
    return tf.sum(tf.mul(outputs, tf.expandDims(gates, -1)), 1);
  };
  const norm = (x: tf.Tensor, group: string): tf.Tensor => layerNorm(x, p(`${group}/gain`), p(`${group}/bias`));
  const text = modality('item.text', c('text'));
  const image = modality('item.image', c('image'));
  const catalogue = tf.add(tf.add(text, image), tf.mul(tf.mul(text, image), 0.1));
  let hidden = addPositions(gatherRows(catalogue, b('history')), p('sequence.position/embedding'));
  hidden = dropout(norm(hidden, 'item.norm'));
  for (let i = 0; i < blocks; i++) {
    const group = `sequence.block.${i}`;
    const project = (part: string, x: tf.Tensor): tf.Tensor => linear(x, p(`${group}.attention/${part}.weight`));
    let mixed = causalAttention({
      query: project('query', hidden),
      key: project('key', hidden),
      value: project('value', hidden),
      keyMask: b('mask'),
      heads: 2,
      onWeights: dropout,
    });
    if (i === blocks - 1) {
      // Only the last state is scored, and past attention a state depends on no other: the rest need not be made.
      const last = (x: tf.Tensor): tf.Tensor => tf.slice(x, [0, length - 1, 0], [-1, 1, -1]);
      [hidden, mixed] = [last(hidden), last(mixed)];
    }
    hidden = norm(tf.add(hidden, dropout(project('output', mixed))), `${group}.attention.norm`);
    const inner = gelu(linear(hidden, p(`${group}.feedforward/inner.weight`), p(`${group}.feedforward/inner.bias`)));
    const outer = linear(inner, p(`${group}.feedforward/outer.weight`));
    hidden = norm(tf.add(hidden, dropout(outer)), `${group}.feedforward.norm`);
  }
  const user = tf.reshape(hidden, [-1, width]);
  return tf.div(tf.matMul(l2Normalise(user), l2Normalise(catalogue), false, true), 0.07);
}
