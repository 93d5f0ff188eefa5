import { EXTRA_ELEMENTS, maskedLength } from '@noren/secure-aggregation';
import type { DecodedSum, Quantiser } from '@noren/secure-aggregation';

import { CoordinatorError } from '../coordinator-error.ts';

/** Elements handled before the event loop gets its turn. */
const PIECE = 65_536;

/** Lets heart-beats and other rounds' messages through between two pieces of arithmetic. */
export type YieldTurn = () => Promise<void>;

export const yieldToEventLoop: YieldTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Calls `work` on consecutive ranges that cover 0 .. length, yielding between them. */
export async function inPieces(
  length: number,
  yieldTurn: YieldTurn,
  work: (from: number, to: number) => void,
): Promise<void> {
  for (let from = 0; from < length; from += PIECE) {
    work(from, Math.min(from + PIECE, length));
    await yieldTurn();
  }
}

/**
 * Checks what no honest cohort can produce, and returns the L2 norm of the mean update.
 *
 * Each site sends w (in (0, 1]), w x update with the update clipped to `clipNorm`, and 0 or 1 for "clipped". So the sum
 * of w is above 0 and at most the number of survivors, and by the triangle inequality the summed update's norm is at
 * most clipNorm x the sum of w. Stochastic rounding adds less than one quantum per coordinate and site to the vector and
 * one weight quantum per site to the weight.
 *
 * Throws CoordinatorError `unsound-aggregate`.
 */
export async function checkAggregate(
  decoded: DecodedSum,
  o: { readonly survivors: number; readonly quantiser: Quantiser; readonly yieldTurn: YieldTurn },
): Promise<number> {
  const { meanUpdate, weight, clipped } = decoded;
  const { clipNorm, scale, weightScale, rotation } = o.quantiser;
  const weightError = o.survivors / weightScale;
  if (!(weight > 0 && weight <= o.survivors + weightError)) {
    throw unsound(`the weights of ${o.survivors} sites sum to ${weight}`);
  }
  if (!(clipped >= 0 && clipped <= o.survivors)) throw unsound(`${clipped} of ${o.survivors} sites clipped`);
  const norm = await normOf(meanUpdate, o.yieldTurn);
  if (!Number.isFinite(norm)) throw unsound('it holds values that are not finite');
  const elements = maskedLength(meanUpdate.length, rotation !== null) - EXTRA_ELEMENTS;
  const rounding = (o.survivors * Math.sqrt(elements)) / scale;
  const bound = (clipNorm * (weight + weightError) + rounding) / weight;
  // The mean is float32: relative error 2^-24 of every coordinate.
  if (norm > bound * (1 + 1e-6)) throw unsound(`its norm ${norm} is above the ${bound} that clipping allows`);
  return norm;
}

export async function normOf(vector: Float32Array, yieldTurn: YieldTurn): Promise<number> {
  let squares = 0;
  await inPieces(vector.length, yieldTurn, (from, to) => {
    for (let i = from; i < to; i++) squares += (vector[i] ?? 0) ** 2;
  });
  return Math.sqrt(squares);
}

export function unsound(what: string): CoordinatorError {
  return new CoordinatorError('unsound-aggregate', `The sum of the updates is unsound: ${what}.`);
}
