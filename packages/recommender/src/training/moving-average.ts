import type { ModelValues } from '../parameters/values.ts';

/**
 * Exponential moving average of a model's values over epochs. An average of points along the path of training ranks better
 * than the last of them where data is little (Polyak and Juditsky 1992; Izmailov et al. 2018).
 */
export class MovingAverage {
  readonly #decay: number;
  #values: Map<string, Float32Array>;

  /** `decay` 0 .. 1: what remains of the average at each epoch; 0 follows the values. */
  constructor(decay: number) {
    this.#decay = decay;
    this.#values = new Map();
  }

  /** The average including these values. */
  add(values: ModelValues): Map<string, Float32Array> {
    const decay = this.#values.size === 0 ? 0 : this.#decay;
    this.#values = new Map(
      [...values].map(([name, now]) => {
        const before = this.#values.get(name) ?? now;
        return [name, now.map((value, at) => decay * (before[at] as number) + (1 - decay) * value)];
      }),
    );
    return this.#values;
  }
}
