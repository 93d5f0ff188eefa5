import { tf } from '../engine.ts';
import { GELU } from '../trace/kernels/composite.ts';
import { graphKernelResult, tracing } from './graph-kernel.ts';
import { withGradient } from './with-gradient.ts';

/** Exact GELU, x Φ(x) with the normal distribution function Φ (Hendrycks and Gimpel 2016). */
export function gelu(x: tf.Tensor): tf.Tensor {
  return tracing() ? fusedGelu(x) : tf.mul(x, distribution(x));
}

/** One node forward. Backward Φ(x) + x φ(x), with φ(x) = exp(-x²/2) / √(2π). */
function fusedGelu(x: tf.Tensor): tf.Tensor {
  return withGradient(
    [x],
    ([input]) => ({ value: graphKernelResult(GELU, { x: input }), saved: [input] }),
    (dy, [input]) => {
      const scaled = tf.mul(input, Math.SQRT1_2);
      // x φ(x) = s exp(-s²) / √π with s = x / √2, which shares s with Φ.
      const bell = tf.exp(tf.neg(tf.square(scaled)));
      const slope = tf.mul(tf.mul(scaled, bell), 1 / Math.sqrt(Math.PI));
      return [tf.mul(dy, tf.add(distributionOfScaled(scaled), slope))];
    },
  );
}

function distribution(x: tf.Tensor): tf.Tensor {
  return distributionOfScaled(tf.mul(x, Math.SQRT1_2));
}

function distributionOfScaled(scaled: tf.Tensor): tf.Tensor {
  return tf.mul(tf.add(tf.erf(scaled), 1), 0.5);
}
