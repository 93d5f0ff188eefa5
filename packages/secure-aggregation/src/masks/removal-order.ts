import { finish } from '../turns.ts';
import { applyMasks, forgetSeeds, type MaskSeeds } from './mask-sum.ts';

const SEED_BYTES = 32;

/** What one thread does of a removal: all masks on one stretch of the sum. Sum and seeds are the owner's own memory. */
export interface RemovalOrder {
  /** The stretch, in the shared memory of the sum. */
  readonly sum: Int32Array<SharedArrayBuffer>;
  /** Elements of the sum before the stretch. */
  readonly start: number;
  /** Seeds one behind the other, `added` of them to add, the others to subtract. */
  readonly seeds: Uint8Array<SharedArrayBuffer>;
  readonly added: number;
}

/** Seeds in memory that every thread can read and the owner overwrites for all of them. */
export function sharedSeeds({ added, subtracted }: MaskSeeds): Uint8Array<SharedArrayBuffer> {
  const all = [...added, ...subtracted];
  const seeds = new Uint8Array(new SharedArrayBuffer(all.length * SEED_BYTES));
  all.forEach((seed, index) => seeds.set(seed, index * SEED_BYTES));
  return seeds;
}

export function carryOut({ sum, start, seeds, added }: RemovalOrder): void {
  // Copies, because OpenSSL is not to be handed memory that another thread may write to.
  const all = Array.from({ length: seeds.length / SEED_BYTES }, (_, index) =>
    Uint8Array.from(seeds.subarray(index * SEED_BYTES, (index + 1) * SEED_BYTES)),
  );
  const masks = { added: all.slice(0, added), subtracted: all.slice(added) };
  try {
    finish(applyMasks(sum, masks, start));
  } finally {
    forgetSeeds(masks);
  }
}
