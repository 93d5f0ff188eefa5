import type { Clock } from '../clock.ts';
import { nextTime } from './next-time.ts';

/** Longest sleep between two looks at the clock, milliseconds: timers drift and laptops sleep. */
const LONGEST_SLEEP = 60_000;

export interface ScheduleRules {
  readonly expression: string;
  /** IANA name. */
  readonly timeZone: string;
}

export interface ScheduleHooks {
  readonly clock: Clock;
  /** Null for rounds that only start by hand. */
  readonly rules: ScheduleRules | null;
  paused(): boolean;
  /** Why a due round cannot start now, as a sentence; null when it can. */
  obstacle(): string | null;
  /** Starts a round. Must not throw; a start that fails is tried again at the next time. */
  start(): void;
}

export interface ScheduleStatus {
  readonly nextAt: number | null;
  /** Why no round starts although one is due, or none will; null when the next simply is not due yet. */
  readonly waiting: string | null;
}

/**
 * Starts a round when one is due and none runs. Times missed while a round ran or sites were too few are made up by one
 * round as soon as it can start; times missed while the coordinator was down or paused are not.
 */
export class Schedule {
  readonly #hooks: ScheduleHooks;
  #nextAt: number | null;
  #cancel: (() => void) | null = null;
  #running = false;

  constructor(hooks: ScheduleHooks) {
    this.#hooks = hooks;
    this.#nextAt = this.#after(hooks.clock.now());
  }

  run(): void {
    this.#running = true;
    this.#nextAt = this.#after(this.#hooks.clock.now());
    this.look();
  }

  stop(): void {
    this.#running = false;
    this.#cancel?.();
    this.#cancel = null;
  }

  /** Counts from now on, after a pause. */
  restart(): void {
    this.#nextAt = this.#after(this.#hooks.clock.now());
    this.look();
  }

  /** Starts the round if it can start now. Called whenever something it depends on has changed. */
  look(): void {
    this.#cancel?.();
    this.#cancel = null;
    if (!this.#running || this.#nextAt === null || this.#hooks.paused()) return;
    const { clock } = this.#hooks;
    const wait = this.#nextAt - clock.now();
    if (wait > 0) {
      this.#cancel = clock.after(Math.min(wait, LONGEST_SLEEP), () => this.look());
      return;
    }
    if (this.#hooks.obstacle() !== null) return;
    this.#nextAt = this.#after(clock.now());
    this.#hooks.start();
    this.look();
  }

  status(): ScheduleStatus {
    if (this.#hooks.rules === null) return { nextAt: null, waiting: 'There is no schedule: rounds start by hand.' };
    if (this.#hooks.paused()) return { nextAt: null, waiting: 'The schedule is paused.' };
    const due = this.#nextAt !== null && this.#nextAt <= this.#hooks.clock.now();
    return { nextAt: this.#nextAt, waiting: due ? this.#hooks.obstacle() : null };
  }

  #after(from: number): number | null {
    const { rules } = this.#hooks;
    return rules === null ? null : nextTime(rules.expression, rules.timeZone, from);
  }
}
