import { expect, test } from 'vitest';

import { INTEGER_ORDERS } from './accountant.ts';
import { logAdd } from './logarithms.ts';
import { renyiDivergence } from './renyi.ts';

/** Both Renyi divergences between a discrete Gaussian P on the integers and (1 - q) P + q P moved by `shift`, summed up. */
function exact(sigma: number, q: number, shift: number, order: number): { remove: number; add: number } {
  const reach = Math.ceil(shift * (order + 1) + 40 * sigma);
  const log = (x: number): number => -(x * x) / (2 * sigma * sigma);
  let [normaliser, remove, add] = [0, 0, 0];
  for (let x = -reach; x <= reach; x++) normaliser += Math.exp(log(x));
  for (let x = -reach; x <= reach; x++) {
    const logRatio = logAdd(Math.log1p(-q), Math.log(q) + log(x - shift) - log(x));
    const p = Math.exp(log(x)) / normaliser;
    if (p === 0) continue;
    remove += Math.exp(Math.log(p) + order * logRatio);
    add += Math.exp(Math.log(p) + (1 - order) * logRatio);
  }
  return { remove: Math.log(remove) / (order - 1), add: Math.log(add) / (order - 1) };
}

test.each([
  [3, 0.1, 3, 2],
  [3, 0.1, 3, 5],
  [0.7, 0.3, 1, 3],
  [0.5, 0.01, 1, 4],
  [8, 0.5, 5, 8],
  [2, 1, 2, 3],
])(
  'at an integer order the subsampled discrete Gaussian costs what the continuous one does: sigma %f, q %f, moved by %i, order %i',
  (sigma, q, shift, order) => {
    const { remove, add } = exact(sigma, q, shift, order);
    const continuous = renyiDivergence(sigma / shift, q, order);
    expect(remove / continuous).toBeCloseTo(1, 9);
    expect(add).toBeLessThanOrEqual(remove * (1 + 1e-9));
  },
);

test('between integers that need not hold: with coarse noise a fractional order costs another amount', () => {
  const { remove } = exact(0.3, 0.3, 1, 2.5);
  expect(Math.abs(remove / renyiDivergence(0.3, 0.3, 2.5) - 1)).toBeGreaterThan(1e-4);
});

test('the integer orders are the default ones that are integers', () => {
  expect(INTEGER_ORDERS.slice(0, 12)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  expect(INTEGER_ORDERS.slice(-4)).toEqual([128, 256, 512, 1024]);
  expect(INTEGER_ORDERS.every((order) => Number.isInteger(order))).toBe(true);
});
