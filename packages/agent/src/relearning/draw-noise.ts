import { DiscreteGaussian, type RandomSource } from '@noren/privacy';
import type { NoiseJob, TaskWatch } from './trainer.ts';

/** Samples drawn before the caller is told how far it is and may stop it: some 50 milliseconds of work. */
const PIECE = 8192;

/** Exact discrete Gaussian noise for every element of a vector, wrapped to 32 bits as the ring wraps it. */
export async function drawNoise(
  { length, standardDeviation }: NoiseJob,
  random: RandomSource,
  watch: TaskWatch = {},
): Promise<Int32Array> {
  const gaussian = new DiscreteGaussian({ numerator: BigInt(standardDeviation) ** 2n, denominator: 1n }, random);
  const noise = new Int32Array(length);
  for (let from = 0; from < length; from += PIECE) {
    const to = Math.min(from + PIECE, length);
    for (let at = from; at < to; at += 1) noise[at] = Number(BigInt.asIntN(32, gaussian.sample()));
    watch.onProgress?.(to / length);
    // The caller's word to stop arrives between two turns.
    await new Promise((resolve) => setImmediate(resolve));
    watch.signal?.throwIfAborted();
  }
  return noise;
}
