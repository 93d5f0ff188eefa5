import { tf } from '../engine.ts';

/**
 * Rows of x [..., d] at length 1: x / sqrt(|x|² + epsilon). The epsilon stands inside the root, so a row of zeros (an
 * item without any feature) stays zero and has a finite gradient.
 */
export function l2Normalise(x: tf.Tensor, epsilon = 1e-12): tf.Tensor {
  const squares = tf.sum(tf.square(x), -1, true);
  return tf.div(x, tf.sqrt(tf.add(squares, epsilon)));
}
