import { split } from 'shamir-secret-sharing';

import { interpolateAtZero } from './interpolation.ts';

/** Bytes of a secret: a self mask seed or an X25519 scalar. */
export const SECRET_BYTES = 32;

/** One evaluation per byte, then the x coordinate they were evaluated at. */
export const SHARE_BYTES: number = SECRET_BYTES + 1;

/**
 * Shamir's sharing of a 32-byte secret over GF(2^8): any `threshold` of the `count` shares give it back, fewer say
 * nothing about it. The i-th share has a random x coordinate, written into its last byte.
 */
export async function shareSecret(secret: Uint8Array, count: number, threshold: number): Promise<Uint8Array[]> {
  // The library looks at the constructor and refuses Buffers; a copy is an exact Uint8Array.
  return split(new Uint8Array(secret), count, threshold);
}

/**
 * What `shares` interpolate to at zero. With a forged share among them, or fewer than the threshold, that is a wrong
 * secret and not an error: the caller must check the result against the commitment its site made. Null if the shares
 * cannot belong together (wrong size, two with the same x coordinate).
 */
export function combineShares(shares: readonly Uint8Array[]): Uint8Array | null {
  const points = new Set(shares.map((share) => share.at(-1)));
  const usable = points.size === shares.length && !points.has(0) && shares.length >= 2;
  if (!usable || shares.some((share) => share.length !== SHARE_BYTES)) return null;
  return interpolateAtZero(shares);
}
