import type { Steps } from '../turns.ts';
import { MaskStream, PIECE_WORDS } from './mask-stream.ts';
import { addInto, addPairInto, subtractFrom, subtractPairFrom } from './ring.ts';

/** Seeds of the masks to add to a vector and of those to subtract from it. */
export interface MaskSeeds {
  readonly added: readonly Uint8Array[];
  readonly subtracted: readonly Uint8Array[];
}

/** Words times masks between two turns of the event loop: some 15 ms. */
export const TURN_WORK: number = 2 ** 22;

/** A stream takes some kilobytes, and the coordinator of a large cohort has tens of thousands of masks to take out. */
const STREAMS_AT_ONCE = TURN_WORK / PIECE_WORDS;

/**
 * Walks once along a vector and applies many masks to it in place. Memory: two 64 KiB pieces of keystream, whatever the
 * vector's length, and some kilobytes for each mask.
 */
export class MaskSum {
  readonly #added: readonly MaskStream[];
  readonly #subtracted: readonly MaskStream[];
  #sinceTurn = 0;

  /** @param start the element of the masks that falls on the first of the vector */
  constructor(seeds: MaskSeeds, start = 0) {
    this.#added = seeds.added.map((seed) => new MaskStream(seed, start));
    this.#subtracted = seeds.subtracted.map((seed) => new MaskStream(seed, start));
  }

  /** Applies the masks to the vector's next stretch. Stretches may be of any length but must follow each other. */
  *next(stretch: Int32Array): Steps<void> {
    const masks = this.#added.length + this.#subtracted.length;
    for (let start = 0; start < stretch.length; start += PIECE_WORDS) {
      const piece = stretch.subarray(start, start + PIECE_WORDS);
      forEachPair(this.#added, piece, addInto, addPairInto);
      forEachPair(this.#subtracted, piece, subtractFrom, subtractPairFrom);
      this.#sinceTurn += piece.length * masks;
      if (this.#sinceTurn < TURN_WORK) continue;
      this.#sinceTurn = 0;
      yield;
    }
  }
}

/**
 * Applies any number of masks to a vector in place, some hundreds at a time, which takes a few megabytes.
 *
 * @param start the element of the masks that falls on the first of the vector
 */
export function* applyMasks(vector: Int32Array, { added, subtracted }: MaskSeeds, start = 0): Steps<void> {
  for (const seeds of batches(added)) yield* new MaskSum({ added: seeds, subtracted: [] }, start).next(vector);
  for (const seeds of batches(subtracted)) yield* new MaskSum({ added: [], subtracted: seeds }, start).next(vector);
}

/** Overwrites seeds that have done their work. */
export function forgetSeeds({ added, subtracted }: MaskSeeds): void {
  for (const seed of [...added, ...subtracted]) seed.fill(0);
}

function* batches(seeds: readonly Uint8Array[]): Generator<readonly Uint8Array[]> {
  for (let first = 0; first < seeds.length; first += STREAMS_AT_ONCE) yield seeds.slice(first, first + STREAMS_AT_ONCE);
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
