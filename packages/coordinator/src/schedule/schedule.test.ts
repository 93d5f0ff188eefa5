import { describe, expect, test } from 'vitest';

import { ManualClock } from '../testing/manual-clock.ts';
import { nextTime } from './next-time.ts';
import { Schedule } from './schedule.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const start = Date.parse('2025-03-29T12:00:00Z');

describe('the next time', () => {
  const next = (expression: string, zone: string, from: string): string =>
    new Date(nextTime(expression, zone, Date.parse(from)) ?? Number.NaN).toISOString();

  test('is in the time zone of the schedule, seconds first', () => {
    expect(next('30 0 2 * * *', 'Asia/Tokyo', '2025-06-01T00:00:00Z')).toBe('2025-06-01T17:00:30.000Z');
    expect(next('0 2 * * *', 'UTC', '2025-06-01T02:00:00Z')).toBe('2025-06-02T02:00:00.000Z');
  });

  test('comes once where a clock change skips or repeats it', () => {
    expect(next('0 30 2 * * *', 'Europe/Paris', '2025-03-29T12:00:00Z')).toBe('2025-03-30T01:00:00.000Z');
    const first = nextTime('0 30 2 * * *', 'Europe/Paris', Date.parse('2025-10-25T12:00:00Z')) ?? 0;
    expect(nextTime('0 30 2 * * *', 'Europe/Paris', first)).toBeGreaterThan(first + 20 * HOUR);
  });

  test('is null when there is none, and an error when the words mean nothing', () => {
    expect(nextTime('0 0 0 1 1 * 2020', 'UTC', start)).toBeNull();
    expect(() => nextTime('every night', 'UTC', start)).toThrow();
    expect(() => nextTime('0 0 2 * * *', 'Mars/Base', start)).toThrow();
  });
});

/** A schedule on the hour whose circumstances the test sets. */
function hourly() {
  const clock = new ManualClock(start);
  const world = { paused: false, obstacle: null as string | null, started: [] as number[] };
  const schedule = new Schedule({
    clock,
    rules: { expression: '0 0 * * * *', timeZone: 'UTC' },
    paused: () => world.paused,
    obstacle: () => world.obstacle,
    start: () => world.started.push((clock.now() - start) / HOUR),
  });
  schedule.run();
  return { clock, world, schedule };
}

describe('a schedule', () => {
  test('starts a round at each time', () => {
    const { clock, world, schedule } = hourly();
    expect(schedule.status()).toEqual({ nextAt: start + HOUR, waiting: null });
    clock.advance(3.5 * HOUR);
    expect(world.started).toEqual([1, 2, 3]);
  });

  test('waits with a due round for what is in its way, and says what', () => {
    const { clock, world, schedule } = hourly();
    world.obstacle = 'Waiting for sites: 2 of the 3 that a round needs are connected.';
    expect(schedule.status().waiting).toBeNull();
    clock.advance(1.25 * HOUR);
    expect(schedule.status()).toEqual({ nextAt: start + HOUR, waiting: world.obstacle });
    world.obstacle = null;
    schedule.look();
    expect(world.started).toEqual([1.25]);
    expect(schedule.status()).toEqual({ nextAt: start + 2 * HOUR, waiting: null });
  });

  test('makes up for many missed times with one round', () => {
    const { clock, world, schedule } = hourly();
    world.obstacle = 'Round 7 is running.';
    clock.advance(4.5 * HOUR);
    world.obstacle = null;
    schedule.look();
    clock.advance(HOUR);
    expect(world.started).toEqual([4.5, 5]);
  });

  test('does not make up for a pause', () => {
    const { clock, world, schedule } = hourly();
    world.paused = true;
    schedule.look();
    clock.advance(2.5 * HOUR);
    expect(schedule.status()).toEqual({ nextAt: null, waiting: 'The schedule is paused.' });
    world.paused = false;
    schedule.restart();
    expect(world.started).toEqual([]);
    clock.advance(HOUR);
    expect(world.started).toEqual([3]);
  });

  test('that is stopped leaves no timer behind', () => {
    const { clock, schedule } = hourly();
    schedule.stop();
    expect(clock.pending).toBe(0);
  });

  test('that does not exist says that rounds start by hand', () => {
    const none = { clock: new ManualClock(start), rules: null, paused: () => false, obstacle: () => null };
    const schedule = new Schedule({ ...none, start: () => undefined });
    schedule.run();
    expect(schedule.status()).toEqual({ nextAt: null, waiting: 'There is no schedule: rounds start by hand.' });
  });
});
