import type { Clock } from '../clock.ts';

/** Time that passes only when told to; timers fire in the order of their times. */
export class ManualClock implements Clock {
  #now: number;
  readonly #timers = new Map<number, { readonly at: number; readonly action: () => void }>();
  #next = 0;

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, action: () => void): () => void {
    const key = this.#next++;
    this.#timers.set(key, { at: this.#now + milliseconds, action });
    return () => this.#timers.delete(key);
  }

  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).toSorted(([, a], [, b]) => a.at - b.at)[0];
      if (due === undefined) break;
      const [key, { at, action }] = due;
      this.#timers.delete(key);
      this.#now = Math.max(this.#now, at);
      action();
    }
    this.#now = end;
  }

  get pending(): number {
    return this.#timers.size;
  }
}
