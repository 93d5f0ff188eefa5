import type { Clock } from '../clock.ts';

/** Shortest time between two notices, milliseconds: at most five a second. */
export const NOTICE_INTERVAL = 200;

/** Tells open pages that there is something new, however often it changes at most five times a second. */
export class ChangeFeed {
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  #scheduled: { readonly at: number; readonly cancel: () => void } | null = null;
  #lastAt = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Something changed that is worth a notice within `patience` milliseconds. */
  touch(patience: number): void {
    const now = this.#clock.now();
    const at = Math.max(now + patience, this.#lastAt + NOTICE_INTERVAL);
    if (this.#scheduled !== null && this.#scheduled.at <= at) return;
    this.#scheduled?.cancel();
    this.#scheduled = { at, cancel: this.#clock.after(at - now, () => this.#notify()) };
  }

  #notify(): void {
    this.#scheduled = null;
    this.#lastAt = this.#clock.now();
    for (const listener of this.#listeners) listener();
  }
}
