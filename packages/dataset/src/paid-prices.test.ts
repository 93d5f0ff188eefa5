import { expect, test } from 'vitest';

import { PaidPrices } from './paid-prices.ts';

function medianOf(...prices: number[]): number | null {
  const paid = new PaidPrices();
  paid.add(8, 777);
  for (const price of prices) paid.add(7, price);
  return paid.median(7);
}

test('of the prices paid for an item over time the median counts, in whatever order they were paid', () => {
  expect(medianOf(1980, 1480, 2480)).toBe(1980);
  expect(medianOf(2480, 980, 1980, 1480)).toBe(1730);
});

test('a clearance sale, a gift and a typing error do not move it', () => {
  expect(medianOf(1980, 1980, 198, 1980, 0, 1980, 198_000_000)).toBe(1980);
});

test('an item nobody paid for has no price', () => {
  expect(medianOf()).toBeNull();
});

test('a price paid after the median was asked for still counts', () => {
  const paid = new PaidPrices();
  paid.add(1, 100);
  expect(paid.median(1)).toBe(100);
  paid.add(1, 10);
  expect(paid.median(1)).toBe(55);
});
