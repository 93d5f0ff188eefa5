import { tf } from '../engine.ts';

/**
 * `x · weight + bias` for x [..., in], weight [in, out], bias [out]. As one 2-D product: tfjs' batched matMul would not
 * sum the weight's gradient over the batch.
 */
export function linear(x: tf.Tensor, weight: tf.Tensor, bias?: tf.Tensor): tf.Tensor {
  const [rows, width] = weight.shape;
  const flat = tf.reshape(x, [-1, rows ?? 0]);
  const product = tf.matMul(flat, weight);
  const sum = bias === undefined ? product : tf.add(product, bias);
  return tf.reshape(sum, [...x.shape.slice(0, -1), width ?? 0]);
}
