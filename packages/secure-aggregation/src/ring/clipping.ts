import { AggregationError } from '../errors.ts';

/** What clipping to a norm does to a vector. */
export interface Clipping {
  /** L2 norm before clipping, in the vector's units. */
  readonly norm: number;
  readonly clipped: boolean;
}

/** A `Clipping` with the factor (0..1] that brings the vector to the norm; 1 if it is there already. */
export interface ClippingFactor extends Clipping {
  readonly factor: number;
}

/**
 * Rounding a float32 coordinate changes it by at most 2^-24 of itself. Shrinking by twice that keeps the norm of the
 * rounded vector at or below the bound, on which the sensitivity of every noise mechanism rests.
 */
const ROUNDING_MARGIN = 1 - 2 ** -23;

/**
 * min(1, maximumNorm / ||vector||): the one definition of clipping, used in place by `clipToNorm` and on the fly by
 * `encodeUpdate`. A vector with a NaN or an infinity has a norm that is not finite; callers must look at it.
 */
export function clippingFactor(vector: Float32Array, maximumNorm: number): ClippingFactor {
  const norm = Math.sqrt(sumOfSquares(vector));
  if (norm <= maximumNorm) return { norm, clipped: false, factor: 1 };
  return { norm, clipped: true, factor: (maximumNorm / norm) * ROUNDING_MARGIN };
}

/**
 * Scales `vector` in place so that its L2 norm is at most `maximumNorm`.
 *
 * @throws AggregationError `out-of-range` if a value is not finite, or `maximumNorm` is not a positive number
 */
export function clipToNorm(vector: Float32Array, maximumNorm: number): Clipping {
  const { norm, clipped, factor } = clippingFactor(vector, maximumNorm);
  if (!Number.isFinite(norm) || !(maximumNorm > 0)) {
    throw new AggregationError('out-of-range', `A vector of norm ${norm} cannot be clipped to ${maximumNorm}.`);
  }
  if (clipped) for (let i = 0; i < vector.length; i++) vector[i]! *= factor;
  return { norm, clipped };
}

function sumOfSquares(vector: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i]! * vector[i]!;
  return sum;
}
