import { tf } from '../engine.ts';
import { applyParameter, examplesOf, isRecorded } from '../per-example/parameter-use.ts';
import { LAYER_NORM } from '../trace/kernels/composite.ts';
import { graphKernel, tracing } from './graph-kernel.ts';
import { withGradient } from './with-gradient.ts';

/** Layer normalisation over the last axis (Ba et al. 2016): x [..., d], gain and bias [d]. Biased variance. */
export function layerNorm(x: tf.Tensor, gain: tf.Tensor, bias: tf.Tensor, epsilon = 1e-5): tf.Tensor {
  const normalise = tracing() ? fusedLayerNorm : plainLayerNorm;
  if (!isRecorded(gain) && !isRecorded(bias)) return normalise(x, gain, bias, epsilon);
  // The gradient of one example needs the rows before gain and bias.
  const normal = normalise(x, tf.ones(gain.shape), tf.zeros(bias.shape), epsilon);
  const examples = examplesOf(x);
  const scaled = applyParameter(gain, { kind: 'scale', examples, input: normal }, (own) => tf.mul(normal, own));
  return applyParameter(bias, { kind: 'shift', examples }, (own) => tf.add(scaled, own));
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
