import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { noiseShare, sharedNoiseDivergence } from './noise-shares.ts';
import { roundedNorm } from './rounding.ts';

/** P of the discrete Gaussian on -reach .. reach. */
function discreteGaussian(sigma: number, reach: number): Float64Array {
  const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2)),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

function convolved(a: Float64Array, b: Float64Array): Float64Array {
  const sum = new Float64Array(a.length + b.length - 1);
  a.forEach((x, i) => b.forEach((y, j) => (sum[i + j] = (sum[i + j] ?? 0) + x * y)));
  return sum;
}

test.each([
  [0.6, 2],
  [0.8, 3],
  [1.5, 4],
])('the bound holds for the sum itself, computed exactly: noise %f at %i sites', (sigma, sites) => {
  const one = discreteGaussian(sigma, Math.ceil(12 * sigma));
  const sum = Array.from({ length: sites - 1 }).reduce<Float64Array>((partial) => convolved(partial, one), one);
  for (const order of [2, 4]) {
    let moment = 0;
    for (let i = 1; i < sum.length; i++) {
      const [p, q] = [sum[i] ?? 0, sum[i - 1] ?? 0];
      if (p > 1e-40 && q > 1e-40) moment += p ** order * q ** (1 - order);
    }
    const exact = Math.log(moment) / (order - 1);
    expect(exact).toBeGreaterThan(0);
    const bound = sharedNoiseDivergence({ standardDeviation: sigma, sites, dimension: 1 }, 1, order);
    expect(exact).toBeLessThanOrEqual(bound * (1 + 1e-9));
  }
});

test('from two quanta on, a sum is as good as one Gaussian: tau is below 1e-15', () => {
  const bound = sharedNoiseDivergence({ standardDeviation: 2, sites: 100, dimension: 1000 }, 20, 8);
  expect(bound).toBeCloseTo((8 / 2) * (20 / 20) ** 2, 9);
});

test('one site alone adds an exact discrete Gaussian, without a gap', () => {
  expect(sharedNoiseDivergence({ standardDeviation: 0.1, sites: 1, dimension: 1e6 }, 0.1, 3)).toBeCloseTo(1.5, 12);
});

test('any honest survivors, as many as are counted on or more, give the noise that was asked for', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 8, max: 1e6, noNaN: true }),
      fc.integer({ min: 1, max: 128 }),
      fc.nat(128),
      (standardDeviation, honest, more) => {
        const share = noiseShare(standardDeviation, honest);
        expect(share * Math.sqrt(honest + more)).toBeGreaterThanOrEqual(standardDeviation * (1 - 1e-12));
        const noise = { standardDeviation: share, dimension: 0 };
        const counted = sharedNoiseDivergence({ ...noise, sites: honest }, 1, 2);
        expect(counted).toBeCloseTo(1 / standardDeviation ** 2, 12);
        expect(sharedNoiseDivergence({ ...noise, sites: honest + more }, 1, 2)).toBeLessThanOrEqual(counted);
      },
    ),
  );
});

test('no rounding of a vector is longer than the bound', () => {
  const coordinate = fc.double({ min: -50, max: 50, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(coordinate, fc.boolean()), { maxLength: 30 }), (vector) => {
      const norm = Math.hypot(...vector.map(([value]) => value));
      const rounded = Math.hypot(...vector.map(([value, up]) => (up ? Math.ceil(value) : Math.floor(value))));
      expect(rounded).toBeLessThanOrEqual(roundedNorm(norm, vector.length, null) * (1 + 1e-12));
    }),
  );
});

test('repeating the rounding helps where the vector is long and its values are small', () => {
  // sqrt(100^2 + 10^6/4 + 1 * (100 + 500)) with beta = e^(-1/2)
  expect(roundedNorm(100, 1e6, Math.exp(-0.5))).toBeCloseTo(Math.sqrt(260_600), 9);
  expect(roundedNorm(100, 1e6, null)).toBe(1100);
  expect(roundedNorm(1, 0, Math.exp(-0.5))).toBe(1);
});

test.each([
  () => noiseShare(1, 0),
  () => noiseShare(1, 2.5),
  () => noiseShare(0, 3),
  () => sharedNoiseDivergence({ standardDeviation: 0, sites: 3, dimension: 1 }, 1, 2),
  () => sharedNoiseDivergence({ standardDeviation: 1, sites: 3, dimension: 1 }, 1, 1),
  () => roundedNorm(-1, 3, null),
  () => roundedNorm(1, 3, 1),
])('what lies outside its range is refused: %s', (ask) => {
  expect(ask).toThrow(expect.objectContaining({ code: 'out-of-range' }));
});
