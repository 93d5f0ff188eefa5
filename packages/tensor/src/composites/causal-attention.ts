import { tf } from '../engine.ts';
import { EXCLUDED } from './excluded.ts';

export interface CausalAttentionInput {
  /** Projected queries, keys and values, each [batch, length, width]. */
  readonly query: tf.Tensor;
  readonly key: tf.Tensor;
  readonly value: tf.Tensor;
  /** [batch, length], float32: 1 where the position holds an item, 0 where it is padding. */
  readonly keyMask: tf.Tensor;
  /** Divides the width. */
  readonly heads: number;
  /** Applied to the attention weights [batch, heads, length, length], for example dropout. */
  readonly onWeights?: (weights: tf.Tensor) => tf.Tensor;
}

/** Multi-head scaled dot-product attention (Vaswani et al. 2017) in which a position sees itself and what came before. */
export function causalAttention({ query, key, value, keyMask, heads, onWeights }: CausalAttentionInput): tf.Tensor {
  const [batch = 0, length = 0, width = 0] = query.shape;
  const size = width / heads;
  const split = (x: tf.Tensor): tf.Tensor => tf.transpose(tf.reshape(x, [batch, length, heads, size]), [0, 2, 1, 3]);
  const scores = tf.matMul(split(tf.mul(query, 1 / Math.sqrt(size))), split(key), false, true);
  const padding = tf.reshape(tf.mul(tf.sub(1, keyMask), EXCLUDED), [batch, 1, 1, length]);
  const weights = tf.softmax(tf.add(scores, tf.add(padding, futureMask(length))));
  const mixed = tf.matMul(onWeights === undefined ? weights : onWeights(weights), split(value));
  return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch, length, width]);
}

/** [length, length]: 0 on and below the diagonal, EXCLUDED above it. */
function futureMask(length: number): tf.Tensor {
  const mask = new Float32Array(length * length);
  for (let row = 0; row < length; row++) mask.fill(EXCLUDED, row * length + row + 1, (row + 1) * length);
  return tf.tensor2d(mask, [length, length]);
}
