import { setImmediate } from 'node:timers/promises';

/** Work of some milliseconds between any two yields; what it leads to is returned. Nothing happens before the first step. */
export type Steps<Result> = Generator<void, Result, void>;

/** Awaited between two steps, so that other work of the thread gets its turn. What it throws ends the work where it is. */
export type YieldTurn = () => Promise<void>;

export const nextTurn: YieldTurn = () => setImmediate();

/** All steps at once: for a thread that has nothing else to do. */
export function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** One step after the other, with other work between them. What `yieldTurn` throws the work sees where it has stopped. */
export async function inTurns<Result>(steps: Steps<Result>, yieldTurn: YieldTurn): Promise<Result> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    try {
      await yieldTurn();
    } catch (error) {
      steps.throw(error);
    }
  }
}
