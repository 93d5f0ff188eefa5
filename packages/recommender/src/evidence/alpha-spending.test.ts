import fc from 'fast-check';
import { expect, test } from 'vitest';
import { confidenceOfNextTest } from './alpha-spending.ts';

test('the first test of a year may err half of what the year may, later ones less and less', () => {
  expect(1 - confidenceOfNextTest(0.8, 0)).toBeCloseTo(0.1, 12);
  expect(1 - confidenceOfNextTest(0.8, 1)).toBeCloseTo(0.2 / 6, 12);
  expect(1 - confidenceOfNextTest(0.8, 51)).toBeCloseTo(0.2 / (52 * 53), 12);
});

test('whenever the tests are made, no 365 days of them may err more often than stated', () => {
  const day = fc.integer({ min: 0, max: 1500 });
  fc.assert(
    fc.property(fc.array(day, { maxLength: 200 }), (days) => {
      const times = days.toSorted((a, b) => a - b);
      const spent = times.map((time, at) => {
        const before = times.slice(0, at).filter((earlier) => earlier > time - 365).length;
        return 1 - confidenceOfNextTest(0.9, before);
      });
      for (const start of times) {
        const total = spent.filter((_, at) => (times[at] ?? 0) >= start && (times[at] ?? 0) < start + 365);
        expect(total.reduce((sum, alpha) => sum + alpha, 0)).toBeLessThanOrEqual(0.1 + 1e-9);
      }
    }),
  );
});
