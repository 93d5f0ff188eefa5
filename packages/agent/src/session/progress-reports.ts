import type { ActivityName } from '@noren/protocol';

/** Smallest change that is worth a message; each one is also a line in the ledger. */
const STEP = 0.05;
/** Milliseconds. */
const EVERY = 10_000;

/** Thins out progress: a message at the beginning of an activity, then every 5 % or after 10 s with any progress. */
export class ProgressReports {
  readonly #send: (activity: ActivityName, fraction: number) => void;
  readonly #now: () => Date;
  #activity: ActivityName | null = null;
  #fraction = 0;
  #at = 0;

  constructor(send: (activity: ActivityName, fraction: number) => void, now: () => Date) {
    this.#send = send;
    this.#now = now;
  }

  report(activity: ActivityName, fraction: number): void {
    const at = this.#now().getTime();
    const bounded = Math.min(1, Math.max(0, fraction));
    const gained = bounded - this.#fraction;
    const begins = activity !== this.#activity;
    if (!begins && gained < STEP && (gained <= 0 || at - this.#at < EVERY)) return;
    this.#activity = activity;
    this.#fraction = bounded;
    this.#at = at;
    this.#send(activity, bounded);
  }
}
