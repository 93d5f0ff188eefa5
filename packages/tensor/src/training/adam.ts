import { tf } from '../engine.ts';
import type { AdamSpec, StepRate } from '../spec.ts';

/** Scalars that change from step to step, computed outside the graph in double precision. */
export interface AdamScalars {
  /** learningRate * sqrt(1 - beta2^t) / (1 - beta1^t). */
  readonly stepSize: number;
  /** epsilon * sqrt(1 - beta2^t): keeps epsilon beside the corrected second moment. */
  readonly epsilon: number;
  /** What decoupled weight decay leaves of a parameter: 1 - learningRate * weightDecay. */
  readonly retained: number;
}

export const ADAM_SCALARS: readonly (keyof AdamScalars)[] = ['stepSize', 'epsilon', 'retained'];

/** `step` counts from 1. */
export function adamScalars(spec: AdamSpec, rate: StepRate, step: number): AdamScalars {
  const { beta1, beta2, epsilon, weightDecay } = withDefaults(spec);
  const correction = Math.sqrt(1 - beta2 ** step);
  return {
    stepSize: (rate.learningRate * correction) / (1 - beta1 ** step),
    epsilon: epsilon * correction,
    retained: 1 - rate.learningRate * weightDecay,
  };
}

export interface AdamState {
  readonly parameters: tf.Tensor;
  readonly firstMoment: tf.Tensor;
  readonly secondMoment: tf.Tensor;
}

/**
 * One Adam step on flat vectors (Kingma and Ba 2015, the efficient order at the end of section 2). The gradient is
 * `gradient * gradientScale`; the scalar scale is folded into the moments' coefficients, which saves a pass over memory.
 */
export function adamStep(
  spec: AdamSpec,
  state: AdamState,
  gradient: tf.Tensor,
  gradientScale: tf.Tensor,
  scalars: Readonly<Record<keyof AdamScalars, tf.Tensor>>,
): AdamState {
  const { beta1, beta2, weightDecay } = withDefaults(spec);
  const first = tf.mul(gradientScale, 1 - beta1);
  const second = tf.mul(tf.square(gradientScale), 1 - beta2);
  const firstMoment = tf.add(tf.mul(state.firstMoment, beta1), tf.mul(gradient, first));
  const secondMoment = tf.add(tf.mul(state.secondMoment, beta2), tf.mul(tf.square(gradient), second));
  const change = tf.div(tf.mul(firstMoment, scalars.stepSize), tf.add(tf.sqrt(secondMoment), scalars.epsilon));
  const kept = weightDecay > 0 ? tf.mul(state.parameters, scalars.retained) : state.parameters;
  return { parameters: tf.sub(kept, change), firstMoment, secondMoment };
}

function withDefaults(spec: AdamSpec): Required<Omit<AdamSpec, 'kind'>> {
  return {
    beta1: spec.beta1 ?? 0.9,
    beta2: spec.beta2 ?? 0.999,
    epsilon: spec.epsilon ?? 1e-8,
    weightDecay: spec.weightDecay ?? 0,
  };
}
