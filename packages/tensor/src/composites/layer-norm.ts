import { tf } from '../engine.ts';
import { LAYER_NORM } from '../trace/kernels/composite.ts';
import { graphKernel, tracing } from './graph-kernel.ts';
import { withGradient } from './with-gradient.ts';

/** Layer normalisation over the last axis (Ba et al. 2016): x [..., d], gain and bias [d]. Biased variance. */
export function layerNorm(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor, epsilon = 1e-5): tf.Tensor {
  return tracing() ? fusedLayerNorm(x, gain, bias, epsilon) : plainLayerNorm(x, gain, bias, epsilon);
}

function plainLayerNorm(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor, epsilon: number): tf.Tensor {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  const normal = tf.div(centred, tf.sqrt(tf.add(variance, epsilon)));
  return tf.add(tf.mul(normal, gain), bias);
}

/** One node forward; backward the closed form, with both row means as products with the gain (no extra pass). */
function fusedLayerNorm(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor, epsilon: number): tf.Tensor {
  const width = x.shape.at(-1) ?? 1;
  const flat = withGradient(
    [tf.reshape(x, [-1, width]), gain, bias],
    ([rows, scale, shift]) => {
      const [value, mean, inverse] = graphKernel(LAYER_NORM, { x: rows, gain: scale, bias: shift }, { epsilon });
      if (value === undefined || mean === undefined || inverse === undefined) throw new RangeError('Results missing.');
      return { value, saved: [rows, scale, mean, inverse] as const };
    },
    (dy, [rows, scale, mean, inverse]) => {
      const normal = tf.mul(tf.sub(rows, mean), inverse);
      const dyNormal = tf.mul(dy, normal);
      const column = tf.reshape(tf.div(scale, width), [width, 1]);
      const meanChange = tf.matMul(dy, column);
      const spreadChange = tf.mul(normal, tf.matMul(dyNormal, column));
      const change = tf.sub(tf.sub(tf.mul(dy, scale), meanChange), spreadChange);
      return [tf.mul(change, inverse), tf.sum(dyNormal, 0), tf.sum(dy, 0)];
    },
  );
  return tf.reshape(flat, x.shape);
}
