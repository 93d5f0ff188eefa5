const DAY = 86_400_000;

/** What a wall clock's time means in UTC. */
export interface LocalTime {
  /** Milliseconds since 1970 (UTC). */
  readonly time: number;
  /**
   * `skipped`: the clocks were put forward over this time, which no clock showed. `twice`: they were put back, and it was
   * shown twice.
   */
  readonly clock: 'plain' | 'skipped' | 'twice';
}

/** Whether this program knows the IANA time zone. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/**
 * The wall clocks of an IANA time zone. A time that was skipped is read with the offset before the gap, one that was
 * shown twice is its first showing: RFC 5545, section 3.3.5. Both keep the order of what happened before and after.
 */
export class LocalClock {
  readonly #format: Intl.DateTimeFormat;
  /** By UTC day: the offset in ms where it is the same all day, else null. */
  readonly #days = new Map<number, number | null>();

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-u-hc-h23', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      hourCycle: 'h23',
    });
  }

  /** `wall`: what the clock showed, as milliseconds since 1970 had it been a clock in UTC. */
  read(wall: number): LocalTime {
    // No offset exceeds a day, so the offsets a day before and after enclose any change.
    const before = this.#offset(wall - DAY);
    const after = this.#offset(wall + DAY);
    const earlier = wall - Math.max(before, after);
    const later = wall - Math.min(before, after);
    if (earlier === later) return { time: earlier, clock: 'plain' };
    const isEarlier = this.#offset(earlier) === wall - earlier;
    const isLater = this.#offset(later) === wall - later;
    if (isEarlier && isLater) return { time: earlier, clock: 'twice' };
    if (isEarlier || isLater) return { time: isEarlier ? earlier : later, clock: 'plain' };
    return { time: wall - before, clock: 'skipped' };
  }

  /** Milliseconds that the zone's clocks are ahead of UTC. */
  #offset(time: number): number {
    const day = Math.floor(time / DAY);
    let offset = this.#days.get(day);
    if (offset === undefined) {
      const start = this.#offsetAt(day * DAY);
      offset = start === this.#offsetAt((day + 1) * DAY) ? start : null;
      this.#days.set(day, offset);
    }
    return offset ?? this.#offsetAt(time);
  }

  #offsetAt(time: number): number {
    const second = Math.floor(time / 1000) * 1000;
    const part = Object.fromEntries(this.#format.formatToParts(second).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute, part['second']) - second;
  }
}
