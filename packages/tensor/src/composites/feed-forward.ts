import type { tf } from '../engine.ts';
import { gelu } from './gelu.ts';
import { linear } from './linear.ts';

export interface FeedForwardParameters {
  /** [width, inner] and [inner, width]; biases [inner] and [width]. */
  readonly inner: tf.Tensor;
  readonly innerBias: tf.Tensor;
  readonly outer: tf.Tensor;
  readonly outerBias?: tf.Tensor;
}

/** The position-wise block of a Transformer (Vaswani et al. 2017, section 3.3) with GELU: [..., width] to the same. */
export function feedForward(x: tf.Tensor, { inner, innerBias, outer, outerBias }: FeedForwardParameters): tf.Tensor {
  return linear(gelu(linear(x, inner, innerBias)), outer, outerBias);
}
