import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { AggregationError } from '../errors.ts';
import { codeOf } from '../testing/federation.ts';
import { decodeSum, encodeUpdate, quantiserFor } from './quantiser.ts';
import { centre, ringBitsFor } from './ring-width.ts';

const seed = Number(process.env['NOREN_TEST_SEED'] ?? Date.now() % 2 ** 31);
process.stdout.write(`quantiser properties: NOREN_TEST_SEED=${seed}\n`);

/** Rounding bits from a fixed seed: the same run every time. */
const fixedRandom = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(42);

function sumOf(vectors: readonly Int32Array[], length: number): Int32Array {
  return Int32Array.from({ length }, (_, i) => vectors.reduce((total, vector) => total + vector.at(i)!, 0));
}

test('the scale is the largest whose worst sum stays inside the ring', () => {
  const clipNorms = fc.double({ min: 1e-20, max: 1e20, noNaN: true });
  const property = fc.property(clipNorms, fc.integer({ min: 1, max: 20_000 }), (clipNorm, sites) => {
    const { scale, weightScale } = quantiserFor({ clipNorm, sites });
    const worst = (candidate: number): number => sites * (Math.ceil(clipNorm * candidate) + 1);
    expect(worst(scale)).toBeLessThan(2 ** 31);
    // One quantum more per site would not fit.
    expect(worst(scale + 1 / clipNorm)).toBeGreaterThanOrEqual(2 ** 31);
    expect(sites * (weightScale + 1)).toBeLessThan(2 ** 31);
    expect(Number.isInteger(Math.log2(weightScale))).toBe(true);
  });
  fc.assert(property, { seed, numRuns: 300 });
});

test('with few bits, too, no sum of any size leaves the ring', () => {
  const few = fc.integer({ min: 8, max: 24 });
  const property = fc.property(few, fc.integer({ min: 1, max: 255 }), fc.boolean(), (valueBits, sites, negative) => {
    const quantiser = quantiserFor({ clipNorm: 3, sites, valueBits });
    const bits = ringBitsFor(sites, valueBits);
    expect(sites * (Math.ceil(3 * quantiser.scale) + 1)).toBeLessThan(2 ** (bits - 1));
    expect(sites * (quantiser.weightScale + 1)).toBeLessThan(2 ** (bits - 1));
    const vector = encodeUpdate(new Float32Array([negative ? -1e9 : 1e9]), 1, quantiser);
    const sum = vector.map((element) => Math.imul(element, sites));
    const narrow = sum.slice();
    centre(narrow, bits);
    expect(narrow).toEqual(sum);
  });
  fc.assert(property, { seed, numRuns: 300 });
});

test('the magnitudes of the design: 2.1e7 quanta for 100 sites, 107 373 for 20 000 (section 2.5)', () => {
  expect(Math.round(quantiserFor({ clipNorm: 1, sites: 100 }).scale)).toBe(21_474_835);
  expect(Math.round(quantiserFor({ clipNorm: 1, sites: 20_000 }).scale)).toBe(107_373);
});

test('no sum wraps, even if every site puts its whole norm, or far more, into one coordinate', () => {
  const extremes = fc.constantFrom(1, -1, 1.0000001, -1e30, 1e30);
  const property = fc.property(
    fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
    fc.array(extremes, { minLength: 3, maxLength: 40 }),
    (clipNorm, values) => {
      const quantiser = quantiserFor({ clipNorm, sites: values.length });
      const vectors = values.map((value) => encodeUpdate(new Float32Array([value * clipNorm]), 1, quantiser));
      const exact = vectors.reduce((total, vector) => total + vector.at(0)!, 0);
      expect(Math.abs(exact)).toBeLessThan(2 ** 31);
      expect(decodeSum(sumOf(vectors, 3), quantiser).weight).toBeCloseTo(values.length, 5);
    },
  );
  fc.assert(property, { seed, numRuns: 200 });
});

test('the decoded mean is the weighted mean of the clipped updates', () => {
  const clipNorm = 2;
  const quantiser = quantiserFor({ clipNorm, sites: 3 });
  const sites = [
    { update: new Float32Array([1, -1]), weight: 1, clipped: [1, -1] },
    { update: new Float32Array([0.25, 0]), weight: 0.5, clipped: [0.25, 0] },
    // Norm 10, brought to 2.
    { update: new Float32Array([6, 8]), weight: 0.1, clipped: [1.2, 1.6] },
  ];
  const vectors = sites.map(({ update, weight }) => encodeUpdate(update, weight, quantiser));
  const decoded = decodeSum(sumOf(vectors, 4), quantiser);
  const mean = [0, 1].map((i) => sites.reduce((sum, { clipped, weight }) => sum + weight * clipped.at(i)!, 0) / 1.6);
  expect(decoded.meanUpdate.at(0)).toBeCloseTo(mean.at(0)!, 6);
  expect(decoded.meanUpdate.at(1)).toBeCloseTo(mean.at(1)!, 6);
  expect(decoded.weight).toBeCloseTo(1.6, 7);
  expect(decoded.clipped).toBe(1);
});

test('rounding is unbiased: the fraction decides how often it goes up', () => {
  // Quanta of one half: coordinates of 0.1, 0.5 and 0.9 quanta, both signs, 60 000 of each.
  const count = 60_000;
  const quantiser = { clipNorm: 1e4, scale: 2, weightScale: 1024, rotation: null };
  for (const quanta of [0.1, 0.5, 0.9, -0.1, -0.5, -0.9]) {
    const update = new Float32Array(count).fill(quanta / 2);
    const encoded = encodeUpdate(update, 1, quantiser, fixedRandom).subarray(0, count);
    expect(new Set(encoded)).toEqual(new Set([Math.floor(quanta), Math.ceil(quanta)]));
    const mean = encoded.reduce((total, value) => total + value, 0) / count;
    // Standard deviation at most 0.5 / sqrt(60 000) = 0.002.
    expect(Math.abs(mean - quanta)).toBeLessThan(0.01);
  }
});

test('whole quanta are not touched by rounding, and the update is not changed', () => {
  const update = new Float32Array([1, -2, 0, 3]);
  const encoded = encodeUpdate(update, 1, { clipNorm: 100, scale: 4, weightScale: 8, rotation: null }, fixedRandom);
  expect([...encoded]).toEqual([4, -8, 0, 12, 8, 0]);
  expect([...update]).toEqual([1, -2, 0, 3]);
});

test('the smallest weight still counts', () => {
  const quantiser = quantiserFor({ clipNorm: 1, sites: 255 });
  expect(encodeUpdate(new Float32Array(1), Number.MIN_VALUE, quantiser).at(1)).toBe(1);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  'an update with %s is not encoded',
  (value) => {
    const quantiser = quantiserFor({ clipNorm: 1, sites: 3 });
    expect(codeOf(() => encodeUpdate(new Float32Array([0, value]), 1, quantiser))).toBe('out-of-range');
  },
);

test.each([0, -1, 1.1, Number.NaN])('a weight of %s is refused', (weight) => {
  const quantiser = quantiserFor({ clipNorm: 1, sites: 3 });
  expect(codeOf(() => encodeUpdate(new Float32Array(1), weight, quantiser))).toBe('out-of-range');
});

test.each([
  { clipNorm: 0, sites: 3 },
  { clipNorm: -1, sites: 3 },
  { clipNorm: Number.NaN, sites: 3 },
  { clipNorm: 1e-40, sites: 3 },
  { clipNorm: 1, sites: 0 },
  { clipNorm: 1, sites: 2.5 },
])('there is no quantiser for $clipNorm and $sites sites', (options) => {
  expect(() => quantiserFor(options)).toThrow(AggregationError);
});

test('a sum without weight is not decoded', () => {
  const quantiser = quantiserFor({ clipNorm: 1, sites: 3 });
  for (const sum of [[], [0], [0, 0], [5, 0, 0], [5, -3, 0], [5, 3, -1]]) {
    expect(codeOf(() => decodeSum(new Int32Array(sum), quantiser))).toBe('out-of-range');
  }
});
