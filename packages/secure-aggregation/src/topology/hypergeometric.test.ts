import { expect, test } from 'vitest';

import { log2AtLeast, log2AtMost, logFactorial } from './hypergeometric.ts';

function choose(n: number, k: number): bigint {
  if (k < 0 || k > n) return 0n;
  let value = 1n;
  for (let i = 1; i <= k; i++) value = (value * BigInt(n - k + i)) / BigInt(i);
  return value;
}

/** log2 P[X >= k]; the ways are counted exactly and divided once. */
function exactAtLeast(population: number, marked: number, draws: number, k: number): number {
  let ways = 0n;
  for (let j = Math.max(0, k); j <= draws; j++) ways += choose(marked, j) * choose(population - marked, draws - j);
  return Math.log2(Number(ways) / Number(choose(population, draws)));
}

test.each([
  [50, 13, 10],
  [100, 33, 33],
  [100, 10, 90],
  [30, 30, 12],
  [30, 0, 12],
  [500, 50, 40],
])('tails of %i sites, %i marked, %i drawn are those of exact integers', (population, marked, draws) => {
  const draw = { population, marked, draws };
  for (let k = -1; k <= draws + 1; k++) {
    const exact = exactAtLeast(population, marked, draws, k);
    const [atLeast, atMost] = [log2AtLeast(draw, k), log2AtMost(draw, k - 1)];
    expect(exact === atLeast || Math.abs(atLeast - exact) < 1e-9).toBe(true);
    expect(Math.abs(2 ** atLeast + 2 ** atMost - 1)).toBeLessThan(1e-9);
  }
});

test('what cannot be has no probability, and what must be all', () => {
  const draw = { population: 20, marked: 15, draws: 10 };
  expect(log2AtLeast(draw, 5)).toBe(0);
  expect(log2AtMost(draw, 4)).toBe(-Infinity);
  expect(log2AtLeast(draw, 11)).toBe(-Infinity);
});

test('ln n! is that of exact integers', () => {
  let factorial = 1n;
  for (let n = 1; n <= 170; n++) {
    factorial *= BigInt(n);
    expect(Math.abs(logFactorial(n) / Math.log(Number(factorial)) - 1) || 0).toBeLessThan(1e-14);
  }
});
