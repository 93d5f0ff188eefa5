import type { tf } from '../engine.ts';

/**
 * What a composite did with a parameter p to make y, in the form the gradient of one example needs. `examples` is the
 * length of the first axis of what p acted on; rows of y lie in the order of that axis.
 *
 * `product`: y = input · p. `rows`: y = p[input]. `scale`: y = input * p over the last axis. `shift`: y = x + p over the
 * last axis. `positions`: y = x + the first rows of p. `copies`: y = p for each example.
 */
export type ParameterUse = { readonly examples: number } & (
  | { readonly kind: 'product' | 'rows' | 'scale'; readonly input: tf.Tensor }
  | { readonly kind: 'shift' | 'positions' | 'copies' }
);

export interface UseRecorder {
  /** Stands for a recorded parameter: the same values, out of sight of differentiation. Undefined for other tensors. */
  detached(tensor: tf.Tensor): tf.Tensor | undefined;
  /** `result` again; what arrives there in the backward pass is noted beside the use. */
  observe(parameter: tf.Tensor, use: ParameterUse, result: tf.Tensor): tf.Tensor;
}

/** Tracing and eager differentiation are synchronous, so one recorder a thread is enough. */
let active: UseRecorder | undefined;

export function whileRecording<T>(recorder: UseRecorder, body: () => T): T {
  const outer = active;
  active = recorder;
  try {
    return body();
  } finally {
    active = outer;
  }
}

/** A vector counts as one example. */
export function examplesOf({ shape }: tf.Tensor): number {
  return shape.length > 1 ? (shape[0] ?? 0) : 1;
}

export function isRecorded(parameter: tf.Tensor): boolean {
  return active?.detached(parameter) !== undefined;
}

/**
 * `compute(parameter)`. Every composite that owns parameters applies them through here, so that gradients of single
 * examples can be formed; without a recording, or for a tensor that is no trainable parameter, nothing is added.
 */
export function applyParameter(
  parameter: tf.Tensor,
  use: ParameterUse,
  compute: (parameter: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  const detached = active?.detached(parameter);
  if (active === undefined || detached === undefined) return compute(parameter);
  return active.observe(parameter, use, compute(detached));
}
