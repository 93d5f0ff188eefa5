import { tf } from '../engine.ts';
import { applyParameter, examplesOf } from '../per-example/parameter-use.ts';

/**
 * `x · weight + bias` for x [..., in], weight [in, out], bias [out]. As one 2-D product: tfjs' batched matMul would not
 * sum the weight's gradient over the batch.
 */
export function linear(x: tf.Tensor, weight: tf.Tensor, bias?: tf.Tensor): tf.Tensor {
  const [rows, width] = weight.shape;
  const flat = tf.reshape(x, [-1, rows ?? 0]);
  const examples = examplesOf(x);
  const product = applyParameter(weight, { kind: 'product', examples, input: x }, (own) => tf.matMul(flat, own));
  const sum =
    bias === undefined ? product : applyParameter(bias, { kind: 'shift', examples }, (own) => tf.add(product, own));
  return tf.reshape(sum, [...x.shape.slice(0, -1), width ?? 0]);
}
