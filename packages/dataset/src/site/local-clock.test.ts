import fc from 'fast-check';
import { expect, test } from 'vitest';

import { isTimeZone, LocalClock } from './local-clock.ts';

const read = (zone: string, wall: string): { time: string; clock: string } => {
  const { time, clock } = new LocalClock(zone).read(Date.parse(`${wall}Z`));
  return { time: new Date(time).toISOString(), clock };
};

test.each([
  ['Asia/Tokyo', '2024-05-31T18:30:00', '2024-05-31T09:30:00.000Z'],
  ['Europe/London', '2024-01-15T12:00:00', '2024-01-15T12:00:00.000Z'],
  ['Europe/London', '2024-07-15T12:00:00', '2024-07-15T11:00:00.000Z'],
  ['America/New_York', '2024-07-15T23:59:59.250', '2024-07-16T03:59:59.250Z'],
  ['Asia/Kolkata', '2024-01-01T00:00:00', '2023-12-31T18:30:00.000Z'],
])('in %s the clock shows %s at %s', (zone, wall, time) => {
  expect(read(zone, wall)).toEqual({ time, clock: 'plain' });
});

// London: forward at 2024-03-31 01:00, back at 2024-10-27 02:00 BST. Lord Howe Island: half an hour.
test.each([
  ['Europe/London', '2024-03-31T00:59:59', '2024-03-31T00:59:59.000Z', 'plain'],
  ['Europe/London', '2024-03-31T01:30:00', '2024-03-31T01:30:00.000Z', 'skipped'],
  ['Europe/London', '2024-03-31T02:00:00', '2024-03-31T01:00:00.000Z', 'plain'],
  ['America/New_York', '2024-03-10T02:30:00', '2024-03-10T07:30:00.000Z', 'skipped'],
  ['Australia/Lord_Howe', '2024-10-06T02:15:00', '2024-10-05T15:45:00.000Z', 'skipped'],
])('spring in %s: %s is %s (%s)', (zone, wall, time, clock) => {
  expect(read(zone, wall)).toEqual({ time, clock });
});

test.each([
  ['Europe/London', '2024-10-27T00:59:59', '2024-10-26T23:59:59.000Z', 'plain'],
  ['Europe/London', '2024-10-27T01:30:00', '2024-10-27T00:30:00.000Z', 'twice'],
  ['Europe/London', '2024-10-27T02:00:00', '2024-10-27T02:00:00.000Z', 'plain'],
  ['America/New_York', '2024-11-03T01:30:00', '2024-11-03T05:30:00.000Z', 'twice'],
])('autumn in %s: %s is %s (%s)', (zone, wall, time, clock) => {
  expect(read(zone, wall)).toEqual({ time, clock });
});

test('a day that a zone left out altogether is skipped (Samoa crossed the date line on 2011-12-30)', () => {
  expect(read('Pacific/Apia', '2011-12-30T12:00:00').clock).toBe('skipped');
  expect(read('Pacific/Apia', '2011-12-31T12:00:00')).toEqual({ time: '2011-12-30T22:00:00.000Z', clock: 'plain' });
});

test('whatever a clock shows at any time is read back as that time, or as its first showing', () => {
  const zones = ['Europe/London', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Tokyo', 'Africa/Casablanca'];
  const clocks = new Map(zones.map((zone) => [zone, new LocalClock(zone)]));
  const wallOf = (zone: string, time: number): number =>
    Date.parse(`${new Date(time).toLocaleString('sv', { timeZone: zone }).replace(' ', 'T')}Z`);
  fc.assert(
    fc.property(fc.constantFrom(...zones), fc.integer({ min: 100_000, max: 2_000_000 }), (zone, hours) => {
      const time = hours * 3_600_000 + 1_200_000;
      const read = clocks.get(zone)?.read(wallOf(zone, time));
      expect(read?.clock).not.toBe('skipped');
      expect(wallOf(zone, read?.time ?? 0)).toBe(wallOf(zone, time));
      if (read?.clock === 'plain') expect(read.time).toBe(time);
      else expect(read?.time).toBeLessThanOrEqual(time);
    }),
    { numRuns: 500 },
  );
});

test('zones are known by their IANA names', () => {
  expect(isTimeZone('Asia/Tokyo')).toBe(true);
  expect(isTimeZone('Tokyo')).toBe(false);
});
