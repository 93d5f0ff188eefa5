import type { RandomSource } from '@noren/privacy';
import { RecommenderError } from '../errors.ts';
import type { Windows } from '../study/windows.ts';

const DRAW_BYTES = 6;
const DRAW_RANGE = 2 ** (8 * DRAW_BYTES);

/** First window of each customer who has one, in the customers' order, and the number of all windows at the end. */
export function firstWindows({ customers, count }: Windows): Int32Array {
  const first = [...customers.keys()].filter((window) => customers[window] !== customers[window - 1]);
  return Int32Array.from([...first, count]);
}

/**
 * Poisson sampling: every customer enters on its own with probability `rate`, and one that does brings one of its
 * windows at random. Returns the windows, ascending. The probability is rounded down to a multiple of 2^-48, never up:
 * the accountant's bound grows with it.
 */
export function poissonSample(first: Int32Array, rate: number, random: RandomSource): Int32Array {
  const customers = first.length - 1;
  const draw = uniformDraws(2 * customers, random);
  const threshold = Math.floor(rate * DRAW_RANGE);
  const chosen: number[] = [];
  for (let customer = 0; customer < customers; customer += 1) {
    const begin = first[customer] ?? 0;
    const windows = (first[customer + 1] ?? 0) - begin;
    if (draw(2 * customer) >= threshold) continue;
    chosen.push(begin + Math.floor((draw(2 * customer + 1) / DRAW_RANGE) * windows));
  }
  return Int32Array.from(chosen);
}

/** Whole numbers, uniform on 0 .. 2^48 - 1. */
function uniformDraws(count: number, random: RandomSource): (at: number) => number {
  const bytes = random(count * DRAW_BYTES);
  if (bytes.length !== count * DRAW_BYTES) {
    throw new RecommenderError(
      'options-invalid',
      `The random source gave ${bytes.length} bytes instead of ${count * DRAW_BYTES}. Nothing was sampled.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (at) => view.getUint16(at * DRAW_BYTES) * 2 ** 32 + view.getUint32(at * DRAW_BYTES + 2);
}
