import { addPositions } from '../composites/add-positions.ts';
import { causalAttention } from '../composites/causal-attention.ts';
import { feedForward } from '../composites/feed-forward.ts';
import { gatherRows } from '../composites/gather-rows.ts';
import { layerNorm } from '../composites/layer-norm.ts';
import { linear } from '../composites/linear.ts';
import { sampledSoftmaxCrossEntropy } from '../composites/sampled-softmax-cross-entropy.ts';
import { softmaxCrossEntropy } from '../composites/softmax-cross-entropy.ts';
import { tf } from '../engine.ts';
import type { Batch, Loss, ParameterSpec, Tensors, TrainingOptions, Values } from '../spec.ts';
import { featureTable, getter } from './named-tensors.ts';
import { uniformSource } from './uniform-source.ts';

export interface ShopSizes {
  readonly items: number;
  readonly text: number;
  readonly image: number;
  readonly price: number;
  readonly width: number;
  readonly inner: number;
  readonly length: number;
  readonly batch: number;
  readonly blocks: number;
  readonly samples: number;
}

/** `last`: full softmax over the catalogue for the last place; `sampled`: every place against shared sampled items. */
export type ShopLoss = 'last' | 'sampled';

const HEADS = 2;
const MODALITIES = ['text', 'image', 'price'] as const;

/**
 * A recommender of ordinary size: attention among an item's text, image and price makes its vector, a pre-LN Transformer
 * reads histories. pytorch/shop_transformer.py is the same model, with the same values and batches.
 */
export function shopTransformer(
  sizes: ShopSizes,
  kind: ShopLoss,
): { readonly loss: Loss; readonly options: Omit<TrainingOptions, 'optimizer'> } {
  const { width, batch, length } = sizes;
  return {
    loss: (p, b, c) => {
      const get = getter(b);
      const catalogue = itemVectors(sizes, p, c);
      const states = encode(sizes, p, catalogue, b, kind);
      const scale = 1 / Math.sqrt(width);
      if (kind === 'last') {
        const logits = tf.mul(tf.matMul(states, catalogue, false, true), scale);
        return softmaxCrossEntropy(logits, get('target'), get('weight'));
      }
      const targets = tf.reshape(get('target'), [batch * length]);
      const samples = get('samples');
      return sampledSoftmaxCrossEntropy({
        positive: tf.mul(tf.sum(tf.mul(states, gatherRows(catalogue, targets)), -1), scale),
        negatives: tf.mul(tf.matMul(states, gatherRows(catalogue, samples), false, true), scale),
        targets,
        samples,
        weights: tf.reshape(get('mask'), [batch * length]),
      });
    },
    options: {
      parameters: parametersOf(sizes),
      constants: Object.fromEntries(
        MODALITIES.map((modality, at) => [modality, featureTable(sizes.items, sizes[modality], at + 1)]),
      ),
      seed: 7,
    },
  };
}

/** Gains near 1, biases near 0, matrices by the inverse root of their rows. */
export function shopValues(parameters: readonly ParameterSpec[], seed = 3): Values {
  const uniform = uniformSource(seed);
  return new Map(
    parameters.map(({ name, shape }) => {
      const size = shape.reduce((product, dimension) => product * dimension, 1);
      const centre = name.endsWith('gain') ? 1 : 0;
      const spread = shape.length === 1 ? 0.2 : 2 / Math.sqrt(shape[0] ?? 1);
      return [name, Float32Array.from({ length: size }, () => centre + (uniform() - 0.5) * spread)];
    }),
  );
}

/** Histories are padded on the left. */
export function drawShopBatch({ items, length, batch, samples }: ShopSizes, kind: ShopLoss, seed: number): Batch {
  const uniform = uniformSource(seed);
  const item = (): number => Math.floor(uniform() * items);
  const padding = Array.from({ length: batch }, () => Math.floor(uniform() * length));
  const history = Int32Array.from({ length: batch * length }, item);
  const mask = history.map((_, i) => (i % length >= (padding[Math.floor(i / length)] ?? 0) ? 1 : 0));
  const rows = [batch, length];
  const common = { history: { shape: rows, data: history }, mask: { shape: rows, data: Float32Array.from(mask) } };
  if (kind === 'last') {
    return {
      ...common,
      target: { shape: [batch], data: Int32Array.from({ length: batch }, item) },
      weight: { shape: [batch], data: new Float32Array(batch).fill(1) },
    };
  }
  return {
    ...common,
    target: { shape: rows, data: Int32Array.from(history, item) },
    samples: { shape: [samples], data: Int32Array.from({ length: samples }, item) },
  };
}

function itemVectors({ items, width }: ShopSizes, parameters: Tensors, constants: Tensors): tf.Tensor {
  const p = getter(parameters);
  const c = getter(constants);
  const tokens = tf.stack(
    MODALITIES.map((name) => linear(c(name), p(`item.${name}/weight`), p(`item.${name}/bias`))),
    1,
  );
  const count = MODALITIES.length;
  const heads = (part: string): tf.Tensor =>
    tf.transpose(
      tf.reshape(linear(tokens, p(`item.attention/${part}.weight`)), [items, count, HEADS, width / HEADS]),
      [0, 2, 1, 3],
    );
  const query = tf.mul(heads('query'), 1 / Math.sqrt(width / HEADS));
  const mixed = tf.matMul(tf.softmax(tf.matMul(query, heads('key'), false, true)), heads('value'));
  const joined = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [items, count, width]);
  const sum = tf.add(tokens, linear(joined, p('item.attention/output.weight')));
  return tf.mean(layerNorm(sum, p('item.attention.norm/gain'), p('item.attention.norm/bias')), 1);
}

/** States [batch, width] of the last places, or [batch * length, width] of all. */
function encode(
  { width, length, blocks }: ShopSizes,
  parameters: Tensors,
  catalogue: tf.Tensor,
  batch: Tensors,
  kind: ShopLoss,
): tf.Tensor {
  const p = getter(parameters);
  const b = getter(batch);
  const norm = (x: tf.Tensor, group: string): tf.Tensor => layerNorm(x, p(`${group}/gain`), p(`${group}/bias`));
  let state = addPositions(gatherRows(catalogue, b('history')), p('sequence.position/embedding'));
  for (let i = 0; i < blocks; i++) {
    const group = `sequence.block.${i}`;
    const read = norm(state, `${group}.attention.norm`);
    const project = (part: string, x: tf.Tensor): tf.Tensor => linear(x, p(`${group}.attention/${part}.weight`));
    let mixed = causalAttention({
      query: project('query', read),
      key: project('key', read),
      value: project('value', read),
      keyMask: b('mask'),
      heads: HEADS,
    });
    if (kind === 'last' && i === blocks - 1) {
      const last = (x: tf.Tensor): tf.Tensor => tf.slice(x, [0, length - 1, 0], [-1, 1, -1]);
      [state, mixed] = [last(state), last(mixed)];
    }
    state = tf.add(state, project('output', mixed));
    const own = `${group}.feedforward`;
    const change = feedForward(norm(state, `${own}.norm`), {
      inner: p(`${own}/inner.weight`),
      innerBias: p(`${own}/inner.bias`),
      outer: p(`${own}/outer.weight`),
      outerBias: p(`${own}/outer.bias`),
    });
    state = tf.add(state, change);
  }
  return tf.reshape(norm(state, 'sequence.norm'), [-1, width]);
}

function parametersOf(sizes: ShopSizes): ParameterSpec[] {
  const { width, inner, length, blocks } = sizes;
  const norm = (group: string): ParameterSpec[] => [
    { name: `${group}/gain`, shape: [width] },
    { name: `${group}/bias`, shape: [width] },
  ];
  const attention = (group: string): ParameterSpec[] => [
    ...['query', 'key', 'value', 'output'].map((part) => ({ name: `${group}/${part}.weight`, shape: [width, width] })),
    ...norm(`${group}.norm`),
  ];
  return [
    ...MODALITIES.flatMap((name) => [
      { name: `item.${name}/weight`, shape: [sizes[name], width] },
      { name: `item.${name}/bias`, shape: [width] },
    ]),
    ...attention('item.attention'),
    { name: 'sequence.position/embedding', shape: [length, width] },
    ...Array.from({ length: blocks }, (_, i) => [
      ...attention(`sequence.block.${i}.attention`),
      { name: `sequence.block.${i}.feedforward/inner.weight`, shape: [width, inner] },
      { name: `sequence.block.${i}.feedforward/inner.bias`, shape: [inner] },
      { name: `sequence.block.${i}.feedforward/outer.weight`, shape: [inner, width] },
      { name: `sequence.block.${i}.feedforward/outer.bias`, shape: [width] },
      ...norm(`sequence.block.${i}.feedforward.norm`),
    ]).flat(),
    ...norm('sequence.norm'),
  ];
}
