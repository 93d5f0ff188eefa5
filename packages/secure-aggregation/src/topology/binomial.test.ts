import { expect, test } from 'vitest';

import { log2BinomialAtLeast } from './binomial.ts';

function choose(n: number, k: number): bigint {
  let value = 1n;
  for (let i = 1; i <= k; i++) value = (value * BigInt(n - k + i)) / BigInt(i);
  return value;
}

/** log2 P[X >= k] for a chance of numerator / denominator; the ways are counted exactly and divided once. */
function exactAtLeast(trials: number, numerator: bigint, denominator: bigint, k: number): number {
  let ways = 0n;
  for (let j = Math.max(0, k); j <= trials; j++) {
    ways += choose(trials, j) * numerator ** BigInt(j) * (denominator - numerator) ** BigInt(trials - j);
  }
  return Math.log2(Number(ways) / Number(denominator ** BigInt(trials)));
}

test.each([
  [10, 1n, 2n],
  [62, 1n, 13n],
  [40, 9n, 10n],
  [25, 1n, 1000n],
])('tails of %i trials with chance %i / %i are those of exact integers', (trials, numerator, denominator) => {
  for (let k = -1; k <= trials + 1; k++) {
    const exact = exactAtLeast(trials, numerator, denominator, k);
    const found = log2BinomialAtLeast(trials, Number(numerator) / Number(denominator), k);
    expect(exact === found || Math.abs(found - exact) < 1e-9).toBe(true);
  }
});

test('what never succeeds never does, and what always does always', () => {
  expect(log2BinomialAtLeast(5, 0, 1)).toBe(-Infinity);
  expect(log2BinomialAtLeast(5, 0, 0)).toBe(0);
  expect(log2BinomialAtLeast(5, 1, 5)).toBe(0);
  expect(log2BinomialAtLeast(5, 1, 6)).toBe(-Infinity);
});
