import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { codeOf } from '../testing/federation.ts';
import { clippingFactor, clipToNorm } from './clipping.ts';

test('a vector inside the norm is left alone', () => {
  const vector = new Float32Array([3, 4]);
  expect(clipToNorm(vector, 5)).toEqual({ norm: 5, clipped: false });
  expect([...vector]).toEqual([3, 4]);
});

test('a vector outside keeps its direction and gets the norm', () => {
  const vector = new Float32Array([30, -40]);
  expect(clipToNorm(vector, 5)).toEqual({ norm: 50, clipped: true });
  expect(vector.at(0)).toBeCloseTo(3, 5);
  expect(vector.at(1)).toBeCloseTo(-4, 5);
});

test('after clipping the norm is never above the bound, rounding included', () => {
  const seed = Number(process.env['NOREN_TEST_SEED'] ?? Date.now() % 2 ** 31);
  process.stdout.write(`clipping property: NOREN_TEST_SEED=${seed}\n`);
  const values = fc.array(fc.float({ min: -1e10, max: 1e10, noNaN: true }), { minLength: 1, maxLength: 50 });
  const property = fc.property(values, fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (numbers, bound) => {
    const vector = new Float32Array(numbers);
    clipToNorm(vector, bound);
    expect(clippingFactor(vector, bound).norm).toBeLessThanOrEqual(bound);
  });
  fc.assert(property, { seed, numRuns: 300 });
});

test.each([
  { values: [1, Number.NaN], bound: 1 },
  { values: [Number.POSITIVE_INFINITY], bound: 1 },
  { values: [1], bound: 0 },
  { values: [1], bound: -1 },
  { values: [1], bound: Number.NaN },
])('$values cannot be clipped to $bound, and stays as it is', ({ values, bound }) => {
  const vector = new Float32Array(values);
  expect(codeOf(() => clipToNorm(vector, bound))).toBe('out-of-range');
  expect([...vector]).toEqual(values);
});
