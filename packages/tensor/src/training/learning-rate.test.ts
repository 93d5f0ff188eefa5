import { expect, test } from 'vitest';

import { learningRateShare } from './learning-rate.ts';

test('a constant rate stays', () => {
  expect([0, 5, 1e6].map((step) => learningRateShare({ kind: 'constant' }, step))).toEqual([1, 1, 1]);
});

test('a warm-up climbs in a straight line and reaches the whole rate just after it', () => {
  const shares = [0, 1, 2, 3, 4].map((step) => learningRateShare({ kind: 'constant' }, step, 3));
  expect(shares).toEqual([0.25, 0.5, 0.75, 1, 1]);
});

test('a linear decay is half way at half its steps and stays at its end', () => {
  const share = (step: number): number => learningRateShare({ kind: 'linear', steps: 10, end: 0.2 }, step);
  expect([share(0), share(5), share(10), share(99)]).toEqual([1, expect.closeTo(0.6, 12), 0.2, 0.2]);
});

test('a cosine decay begins and ends flat', () => {
  const share = (step: number): number => learningRateShare({ kind: 'cosine', steps: 8 }, step, 2);
  expect(share(2)).toBe(1);
  expect(share(6)).toBeCloseTo(0.5, 12);
  expect(share(4)).toBeCloseTo((1 + Math.SQRT1_2) / 2, 12);
  expect(share(10)).toBeCloseTo(0, 12);
  expect(share(50)).toBeCloseTo(0, 12);
});

test('steps multiply', () => {
  const share = (step: number): number => learningRateShare({ kind: 'steps', every: 10, factor: 0.5 }, step);
  expect([share(9), share(10), share(29)]).toEqual([1, 0.5, 0.25]);
});

test('a step below 0 is refused', () => {
  expect(() => learningRateShare({ kind: 'constant' }, -1)).toThrow('below 0');
});
