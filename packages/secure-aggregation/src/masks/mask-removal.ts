import { inTurns, nextTurn, type YieldTurn } from '../turns.ts';
import { applyMasks, forgetSeeds, type MaskSeeds } from './mask-sum.ts';

/** Takes the masks that are left out of a sum: nearly all of the work of opening one. */
export interface MaskRemoval {
  /**
   * Applies the masks to the sum in place, without keeping the event loop for more than some milliseconds at a time. All
   * seeds are zero when the promise settles. If it rejects the sum is spoilt.
   */
  remove(sum: Int32Array, masks: MaskSeeds): Promise<void>;
}

/** In the caller's own thread, in turns with its other work. Memory: some hundreds of mask streams, a few megabytes. */
export class RemovalInTurns implements MaskRemoval {
  readonly #yieldTurn: YieldTurn;

  constructor(yieldTurn: YieldTurn = nextTurn) {
    this.#yieldTurn = yieldTurn;
  }

  async remove(sum: Int32Array, masks: MaskSeeds): Promise<void> {
    try {
      await inTurns(applyMasks(sum, masks), this.#yieldTurn);
    } finally {
      forgetSeeds(masks);
    }
  }
}
