import { tf } from '../engine.ts';

export interface TargetRanksInput {
  /** [customers, items]. */
  readonly scores: tf.Tensor;
  /** The item looked for, [customers] int32. */
  readonly targets: tf.Tensor;
  /**
   * Items that are no rivals, such as what a customer has bought, [customers, length] int32, with `counted` [customers,
   * length] float32: 1 for the first mention of an item that is not the target, 0 for repetitions, targets and padding.
   */
  readonly masked?: { readonly items: tf.Tensor; readonly counted: tf.Tensor };
}

/**
 * The target's place over the whole catalogue, 1 .. items, [customers] float32, to be compiled into an inference: scores
 * never leave the graph. Ties count against the target, so a model that scores everything alike is last, not first.
 */
export function targetRanks({ scores, targets, masked }: TargetRanksInput): tf.Tensor {
  const [customers = 0] = scores.shape;
  const rows = tf.range(0, customers, 1, 'int32');
  const own = tf.reshape(tf.gatherND(scores, tf.stack([rows, targets], 1)), [customers, 1]);
  const ahead = (x: tf.Tensor): tf.Tensor => tf.cast(tf.greaterEqual(x, own), 'float32');
  const rank = tf.sum(ahead(scores), 1);
  if (masked === undefined) return rank;
  const [, length = 0] = masked.items.shape;
  const row = tf.reshape(tf.tile(tf.reshape(rows, [customers, 1]), [1, length]), [-1]);
  const places = tf.stack([row, tf.reshape(masked.items, [-1])], 1);
  const theirs = tf.reshape(tf.gatherND(scores, places), [customers, length]);
  return tf.sub(rank, tf.sum(tf.mul(ahead(theirs), masked.counted), 1));
}
