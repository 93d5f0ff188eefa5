import type { tf } from '../../engine.ts';
import { TensorError } from '../../error.ts';
import type { StepRate } from '../../spec.ts';

export type Vectors = Readonly<Record<string, tf.Tensor>>;

/** One optimiser as pure arithmetic on flat vectors, the same in a traced graph and op by op. */
export interface Optimizer {
  /** Names of the vectors it remembers from step to step, each as long as the parameters. */
  readonly memory: readonly string[];
  /** Scalars that change from step to step, computed outside the graph in double precision; `step` counts from 1. */
  scalars(rate: StepRate, step: number): Readonly<Record<string, number>>;
  /**
   * The next parameters and memory. The gradient is `gradient * gradientScale`: a clipping factor folded into other
   * coefficients saves a pass over memory.
   */
  next(o: {
    readonly parameters: tf.Tensor;
    readonly memory: Vectors;
    readonly gradient: tf.Tensor;
    readonly gradientScale: tf.Tensor;
    readonly scalars: Vectors;
  }): { readonly parameters: tf.Tensor; readonly memory: Vectors };
}

export function vector(vectors: Vectors, name: string): tf.Tensor {
  const found = vectors[name];
  if (found === undefined) throw new TensorError('engine-failed', `The optimiser has no vector "${name}".`);
  return found;
}
