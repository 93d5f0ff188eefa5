import type { Sequences } from '@noren/dataset';
import { expect, test } from 'vitest';
import { sitePrior, withPrior } from './site-prior.ts';

/** Two customers who bought 0, 1, 2 and one who bought 0, 1. Item 3 was never bought. */
const sequences: Sequences = {
  customers: ['a', 'b', 'c'],
  offsets: Int32Array.of(0, 3, 6, 8),
  items: Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1),
  times: new Float64Array(8),
};
const prior = sitePrior(sequences, 4);

test('what followed the history gains, and most of all what followed it at once', () => {
  const flat = new Float32Array(4);
  const [, second, third, never] = withPrior(flat, Int32Array.of(0), { prior, weight: 1 });
  expect(second).toBeGreaterThan(third as number);
  expect(third).toBeGreaterThan(never as number);
});

test('network and counts are both distributions over the items that are open', () => {
  const mixed = withPrior(Float32Array.of(5, 1, 0, -1), Int32Array.of(3), { prior, weight: 0.5 });
  const network = withPrior(Float32Array.of(5, 1, 0, -1), Int32Array.of(3), { prior, weight: 1e-12 });
  expect(Array.from(network).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
  expect(Array.from(mixed).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1.5, 9);
  expect(mixed[3]).toBe(0);
});

test('with weight 0 the scores are the network’s own', () => {
  const scores = Float32Array.of(3, 1, 2, 0);
  expect(withPrior(scores, Int32Array.of(0), { prior, weight: 0 })).toBe(scores);
});

test('scores far apart do not overflow, and a broken one does not look like a probability', () => {
  expect(
    [...withPrior(Float32Array.of(900, -900, 0, 0), Int32Array.of(3), { prior, weight: 0.1 })].every(Number.isFinite),
  ).toBe(true);
  expect(
    [...withPrior(Float32Array.of(Number.NaN, 1, 1, 1), Int32Array.of(3), { prior, weight: 0.1 })].some(Number.isNaN),
  ).toBe(true);
});
