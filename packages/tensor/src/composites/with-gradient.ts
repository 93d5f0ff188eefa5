import { tf } from '../engine.ts';

type Like<A extends readonly tf.Tensor[]> = { readonly [I in keyof A]: tf.Tensor };

interface Forward<S extends readonly tf.Tensor[]> {
  readonly value: tf.Tensor;
  /** What the gradient needs; other tensors of the forward pass are freed before the backward pass begins. */
  readonly saved: S;
}

/**
 * tf.customGrad with inputs, saved tensors and gradients matched by type. `gradient` goes from the gradient of the
 * value to that of each input.
 */
export function withGradient<const A extends readonly tf.Tensor[], const S extends readonly tf.Tensor[]>(
  inputs: A,
  forward: (inputs: Like<A>) => Forward<S>,
  gradient: (dy: tf.Tensor, saved: Like<S>) => Like<A>,
): tf.Tensor {
  const operation = tf.customGrad((...args) => {
    // tfjs calls with the inputs followed by its save function.
    const save = args[inputs.length] as (tensors: tf.Tensor[]) => void;
    const { value, saved } = forward(args.slice(0, inputs.length) as unknown as Like<A>);
    save([...saved]);
    return { value, gradFunc: (dy: tf.Tensor, kept: tf.Tensor[]) => [...gradient(dy, kept as unknown as Like<S>)] };
  });
  return operation(...inputs);
}
