import { MaskStream, PIECE_WORDS } from './mask-stream.ts';
import { addInto, addPairInto, subtractFrom, subtractPairFrom } from './ring.ts';

/** Seeds of the masks to add to a vector and of those to subtract from it. */
export interface MaskSeeds {
  readonly added: readonly Uint8Array[];
  readonly subtracted: readonly Uint8Array[];
}

/**
 * Walks once along a vector and applies many masks to it in place. Memory: two 64 KiB pieces of keystream, whatever the
 * vector's length and the number of masks.
 */
export class MaskSum {
  readonly #added: readonly MaskStream[];
  readonly #subtracted: readonly MaskStream[];

  constructor(seeds: MaskSeeds) {
    this.#added = seeds.added.map((seed) => new MaskStream(seed));
    this.#subtracted = seeds.subtracted.map((seed) => new MaskStream(seed));
  }

  /** Applies the masks to the vector's next stretch. Stretches may be of any length but must follow each other. */
  applyToNext(stretch: Int32Array): void {
    for (let start = 0; start < stretch.length; start += PIECE_WORDS) {
      const piece = stretch.subarray(start, start + PIECE_WORDS);
      forEachPair(this.#added, piece, addInto, addPairInto);
      forEachPair(this.#subtracted, piece, subtractFrom, subtractPairFrom);
    }
  }
}

function forEachPair(
  streams: readonly MaskStream[],
  piece: Int32Array,
  single: (piece: Int32Array, a: Int32Array) => void,
  pair: (piece: Int32Array, a: Int32Array, b: Int32Array) => void,
): void {
  for (let i = 0; i < streams.length; i += 2) {
    const first = streams[i]!.next(piece.length);
    const second = streams[i + 1]?.next(piece.length);
    if (second) pair(piece, first, second);
    else single(piece, first);
  }
}
