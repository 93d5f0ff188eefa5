import { expect, test } from 'vitest';
import { testsWithinYear } from './gate-tests.ts';

test('a test of the gate counts for 365 days', () => {
  const tests = ['2025-03-01T00:00:00.000Z', '2025-03-02T00:00:00.000Z', '2026-01-01T00:00:00.000Z'].map(
    (at, before) => ({
      at,
      round: before + 1,
      model: 'a'.repeat(64),
    }),
  );
  expect(testsWithinYear(tests, new Date('2026-03-01T12:00:00Z'))).toEqual(tests.slice(1));
});
