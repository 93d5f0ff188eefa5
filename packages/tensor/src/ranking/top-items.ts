import { tf } from '../engine.ts';

/** The `count` best items of each row of scores [customers, items], best first: items int32 and their scores. */
export function topItems(scores: tf.Tensor, count: number): { readonly items: tf.Tensor; readonly scores: tf.Tensor } {
  const { indices, values } = tf.topk(scores, count);
  return { items: indices, scores: values };
}
