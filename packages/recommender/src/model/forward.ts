import type { NoiseSource, Tensors, tf } from '@noren/tensor';
import type { ModalityName, RecommenderConfig } from '../config/recommender-config.ts';

/** What every part of the forward pass reads. */
export interface Forward {
  readonly config: RecommenderConfig;
  /** The modalities of this stage; the others contribute nothing and their parameters are not touched. */
  readonly stage: readonly ModalityName[];
  readonly parameters: Tensors;
  /** Present in training only: without it there is no dropout and gates are not noisy. */
  readonly noise?: NoiseSource;
}

export function parameter({ parameters }: Forward, name: string): tf.Tensor {
  const found = parameters[name];
  if (found === undefined) throw new TypeError(`the model has no parameter ${name}`);
  return found;
}

export function dropout({ noise }: Forward, x: tf.Tensor, rate: number): tf.Tensor {
  return noise === undefined || rate === 0 ? x : noise.dropout(x, rate);
}
