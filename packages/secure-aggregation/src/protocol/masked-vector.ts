import { AggregationError } from '../errors.ts';
import { sha256 } from '../keys/bytes.ts';
import type { MaskedHeader } from '../messages.ts';
import { MaskSum, type MaskSeeds } from '../masks/mask-sum.ts';
import { pack } from '../ring/packing.ts';
import type { RingBits } from '../ring/ring-width.ts';

/** What a site uploads. */
export interface MaskedVector {
  readonly header: MaskedHeader;
  /** Packed ring elements, the same bytes at every iteration; of a 32-bit ring they are views of the masked vector. */
  readonly chunks: Iterable<Uint8Array>;
}

/** 256 KiB: one gRPC message, and small enough to hash while it is still in the cache. */
export const DEFAULT_CHUNK_LENGTH = 65_536;

/** 4 MiB, the largest message gRPC takes unless told otherwise. */
const MAXIMUM_CHUNK_LENGTH = 2 ** 20;

/**
 * Masks `vector` chunk by chunk, in place, packing and hashing each chunk as it is done. Masks are added modulo 2^32: the
 * low bits of sum and mask are those modulo 2^ringBits.
 */
export function maskInPlace(
  vector: Int32Array,
  seeds: MaskSeeds,
  chunkLength: number,
  ringBits: RingBits,
): { readonly chunks: Iterable<Uint8Array>; readonly chunkHashes: readonly Uint8Array[] } {
  const masks = new MaskSum(seeds);
  const chunks: Uint8Array[] = [];
  const chunkHashes: Uint8Array[] = [];
  for (let start = 0; start < vector.length; start += chunkLength) {
    const stretch = vector.subarray(start, start + chunkLength);
    masks.applyToNext(stretch);
    const chunk = pack(stretch, ringBits);
    chunks.push(chunk);
    chunkHashes.push(sha256(chunk));
  }
  return { chunks, chunkHashes };
}

/** @throws AggregationError `malformed` */
export function assertChunkLength(chunkLength: number): void {
  if (Number.isSafeInteger(chunkLength) && chunkLength >= 1 && chunkLength <= MAXIMUM_CHUNK_LENGTH) return;
  throw new AggregationError('malformed', `A chunk has 1 .. ${MAXIMUM_CHUNK_LENGTH} elements, not ${chunkLength}.`);
}
