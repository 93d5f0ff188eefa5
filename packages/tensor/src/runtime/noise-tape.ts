import { tf } from '../engine.ts';
import { TensorError } from '../error.ts';
import type { NoiseSource } from '../spec.ts';
import type { NoiseRequest, NoiseStretches } from './executable.ts';

/** Turns the noise calls of a model into numbered requests for tensors; eager and traced runs differ only in `supply`. */
export function noiseTape(supply: (request: NoiseRequest, call: number) => tf.Tensor): NoiseSource {
  let calls = 0;
  return {
    dropout<T extends tf.Tensor>(x: T, rate: number): T {
      if (!(rate >= 0 && rate < 1))
        throw new TensorError('invalid-spec', `A dropout rate of ${rate} is not in [0, 1).`);
      if (rate === 0) return x;
      const mask = supply({ kind: 'dropout', rate, shape: x.shape }, calls++);
      return tf.mul<T>(x, mask);
    },
    normal(shape) {
      return supply({ kind: 'normal', shape }, calls++);
    },
  };
}

/** For programs that are given no source of noise to ask. */
export const NO_NOISE: NoiseStretches = {
  stretch() {
    throw new TensorError('invalid-spec', 'This function has no noise.');
  },
};
