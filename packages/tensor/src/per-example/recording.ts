import { withGradient } from '../composites/with-gradient.ts';
import { tf } from '../engine.ts';
import type { ParameterUse, UseRecorder } from './parameter-use.ts';

/** One use of one parameter after the backward pass: `dy` is the gradient of the summed losses by its result. */
export interface RecordedUse {
  readonly use: ParameterUse;
  readonly dy: tf.Tensor;
}

/**
 * Collects, in one backward pass, what the gradients of single examples are made of. Parameters are replaced by detached
 * twins, so the pass forms no gradient of a recorded use; one that arrives at the parameter itself comes from elsewhere.
 */
export class Recording implements UseRecorder {
  /**
   * Differentiate by this as well: it feeds every observed result, because tfjs visits only what lies between the
   * variables and the loss, and the first layer over frozen inputs does not.
   */
  readonly tap: tf.Tensor;
  readonly #names: ReadonlyMap<tf.Tensor, string>;
  readonly #detached: ReadonlyMap<tf.Tensor, tf.Tensor>;
  readonly #uses = new Map<string, RecordedUse[]>();
  readonly #kept: tf.Tensor[] = [];

  constructor(parameters: ReadonlyMap<string, tf.Tensor>) {
    this.tap = this.#keep(tf.scalar(0));
    this.#names = new Map([...parameters].map(([name, tensor]) => [tensor, name]));
    this.#detached = new Map([...parameters.values()].map((tensor) => [tensor, this.#keep(tensor)]));
  }

  detached(tensor: tf.Tensor): tf.Tensor | undefined {
    return this.#detached.get(tensor);
  }

  observe(parameter: tf.Tensor, use: ParameterUse, result: tf.Tensor): tf.Tensor {
    const name = this.#names.get(parameter) ?? '';
    // tfjs frees the tensors of both passes as soon as it can.
    const kept = 'input' in use ? { ...use, input: this.#keep(use.input) } : use;
    return withGradient(
      [result, this.tap],
      ([value]) => ({ value: tf.clone(value), saved: [] }),
      (dy) => {
        const uses = this.#uses.get(name) ?? [];
        uses.push({ use: kept, dy: this.#keep(dy) });
        this.#uses.set(name, uses);
        return [tf.clone(dy), tf.scalar(0)];
      },
    );
  }

  /** By parameter, after the backward pass. One that no loss depends on has none. */
  usesOf(name: string): readonly RecordedUse[] {
    return this.#uses.get(name) ?? [];
  }

  dispose(): void {
    for (const tensor of this.#kept) tensor.dispose();
  }

  #keep(tensor: tf.Tensor): tf.Tensor {
    const kept = tf.keep(tf.clone(tensor));
    this.#kept.push(kept);
    return kept;
  }
}
