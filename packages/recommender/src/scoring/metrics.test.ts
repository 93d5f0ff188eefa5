import { expect, test } from 'vitest';
import { hitRate, mean, ndcg, reciprocalRank } from './metrics.ts';

const ranks = Int32Array.of(1, 3, 10, 11, 1023);

test('hits are ranks up to k', () => {
  expect([...hitRate(ranks, 10)]).toEqual([1, 1, 1, 0, 0]);
  expect([...hitRate(ranks, 1)]).toEqual([1, 0, 0, 0, 0]);
});

test('gain is discounted by log2 of the rank plus one', () => {
  const [first, third, tenth, eleventh] = ndcg(ranks, 10);
  expect([first, third, eleventh]).toEqual([1, 0.5, 0]);
  expect(tenth).toBeCloseTo(0.2890648, 6);
});

test('without cut-off even a low rank counts', () => {
  expect(ndcg(ranks)[4]).toBeCloseTo(0.1, 12);
});

test('the reciprocal rank ends at k', () => {
  const values = reciprocalRank(ranks, 10);
  expect(values[1]).toBeCloseTo(1 / 3, 12);
  expect([values[2], values[3]]).toEqual([0.1, 0]);
});

test('the mean of nothing is not a number, so that it cannot pass for a score', () => {
  expect(mean(Float64Array.of(1, 0, 0.5))).toBe(0.5);
  expect(mean(new Float64Array())).toBeNaN();
});
