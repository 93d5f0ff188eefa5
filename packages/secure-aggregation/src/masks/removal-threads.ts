import { AggregationError } from '../errors.ts';
import { WorkerThread } from '../threads/worker-thread.ts';
import { RemovalInTurns, type MaskRemoval } from './mask-removal.ts';
import { forgetSeeds, TURN_WORK, type MaskSeeds } from './mask-sum.ts';
import { sharedSeeds, type RemovalOrder } from './removal-order.ts';

export interface RemovalThreadsOptions {
  /** As many threads; with 0 or 1 none is made and the caller's own does the work, in turns. */
  readonly cores: number;
  /** Words times masks below which a sum is opened in the caller's thread. Default: about 60 ms of work. */
  readonly smallest?: number;
  /** The module of a thread. Default: the built one beside this file. */
  readonly entry?: URL;
}

/**
 * Removes masks in worker threads, each of which takes all masks off a stretch of its own of the sum: the streams can begin
 * anywhere, so nothing is left to be put together. The threads start with the first sum that is worth it and serve every
 * later one until `close`. The sum must lie in shared memory, as that of a CoordinatorRound does; any other is opened in the
 * caller's thread.
 *
 * A thread that dies fails the sum it was at work on (`worker-failed`) once the others have let go of it, and the next sum
 * gets another thread. Seeds are in the caller's arrays, in one piece of shared memory and, one stretch's copy each, in the
 * threads; all are overwritten when the promise settles, but for the copy of a thread that died.
 *
 * Memory: no copy of the sum; some megabytes of mask streams and of Node itself for each thread.
 */
export class RemovalThreads implements MaskRemoval {
  readonly #cores: number;
  readonly #smallest: number;
  readonly #entry: URL;
  readonly #ownThread: MaskRemoval = new RemovalInTurns();
  #workers: readonly WorkerThread<RemovalOrder, void>[] = [];
  #closed = false;

  constructor({ cores, smallest = 4 * TURN_WORK, entry }: RemovalThreadsOptions) {
    this.#cores = cores;
    this.#smallest = smallest;
    this.#entry = entry ?? new URL('./removal-thread.js', import.meta.url);
  }

  /** @throws AggregationError `worker-failed`, `wrong-state` (closed) */
  async remove(sum: Int32Array, masks: MaskSeeds): Promise<void> {
    const work = sum.length * (masks.added.length + masks.subtracted.length);
    if (this.#cores < 2 || work < this.#smallest || !isShared(sum)) return this.#ownThread.remove(sum, masks);
    try {
      if (this.#closed) throw new AggregationError('wrong-state', 'The threads that remove masks have been ended.');
      await this.#divide(sum, masks);
    } finally {
      forgetSeeds(masks);
    }
  }

  /** Ends the threads, and the removals they are at work on with `worker-failed`. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#workers.map((worker) => worker.end()));
  }

  async #divide(sum: Int32Array<SharedArrayBuffer>, masks: MaskSeeds): Promise<void> {
    this.#workers = Array.from({ length: this.#cores }, (_, index) => {
      const worker = this.#workers[index];
      return worker === undefined || worker.hasEnded
        ? new WorkerThread<RemovalOrder, void>(this.#entry, 'removes masks')
        : worker;
    });
    const seeds = sharedSeeds(masks);
    const length = Math.ceil(sum.length / this.#cores);
    const orders = this.#workers.map((worker, index) => {
      const start = Math.min(index * length, sum.length);
      const stretch = sum.subarray(start, start + length);
      return worker.ask({ sum: stretch, start, seeds, added: masks.added.length });
    });
    // All of them: while one is still at work neither sum nor seeds may be touched.
    const outcomes = await Promise.allSettled(orders);
    seeds.fill(0);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }
}

function isShared(sum: Int32Array): sum is Int32Array<SharedArrayBuffer> {
  return sum.buffer instanceof SharedArrayBuffer;
}
