import { AggregationError } from '../errors.ts';
import { sha256 } from '../keys/bytes.ts';
import type { MaskedHeader } from '../messages.ts';
import { forgetSeeds, MaskSum, type MaskSeeds } from '../masks/mask-sum.ts';
import { pack } from '../ring/packing.ts';
import type { RingBits } from '../ring/ring-width.ts';
import type { Steps } from '../turns.ts';

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
 * low bits of sum and mask are those modulo 2^ringBits. The seeds are zero afterwards. A step takes some 15 ms, with more
 * than 256 masks in proportion more.
 */
export function* maskInPlace(
  vector: Int32Array,
  seeds: MaskSeeds,
  chunkLength: number,
  ringBits: RingBits,
): Steps<{ readonly chunks: Iterable<Uint8Array>; readonly chunkHashes: readonly Uint8Array[] }> {
  const masks = new MaskSum(seeds);
  const chunks: Uint8Array[] = [];
  const chunkHashes: Uint8Array[] = [];
  try {
    for (let start = 0; start < vector.length; start += chunkLength) {
      const stretch = vector.subarray(start, start + chunkLength);
      yield* masks.next(stretch);
      const chunk = pack(stretch, ringBits);
      chunks.push(chunk);
      chunkHashes.push(sha256(chunk));
    }
  } finally {
    forgetSeeds(seeds);
  }
  return { chunks, chunkHashes };
}

/** @throws AggregationError `malformed` */
export function assertChunkLength(chunkLength: number): void {
  if (Number.isSafeInteger(chunkLength) && chunkLength >= 1 && chunkLength <= MAXIMUM_CHUNK_LENGTH) return;
  throw new AggregationError('malformed', `A chunk has 1 .. ${MAXIMUM_CHUNK_LENGTH} elements, not ${chunkLength}.`);
}
