import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  addNoise,
  decodeNoisySum,
  encodeNoisySum,
  NOISE_REACH,
  noisyElements,
  noisyQuantiserFor,
} from './noisy-quantiser.ts';
import type { NoisySumRules } from './noisy-quantiser.ts';
import { EXTRA_ELEMENTS } from './quantiser.ts';

const base: NoisySumRules = {
  sites: 10,
  length: 1000,
  sumNorm: 50,
  sensitivity: 1,
  sitesPerCustomer: 1,
  noiseMultiplier: 1,
  noiseFrom: { shares: 6 },
};

const rules: fc.Arbitrary<NoisySumRules> = fc.record({
  sites: fc.integer({ min: 3, max: 255 }),
  length: fc.integer({ min: 1, max: 100_000 }),
  sumNorm: fc.double({ min: 1, max: 1000, noNaN: true }),
  sensitivity: fc.double({ min: 0.3, max: 1, noNaN: true }),
  sitesPerCustomer: fc.integer({ min: 1, max: 4 }),
  noiseMultiplier: fc.double({ min: 0.3, max: 20, noNaN: true }),
  noiseFrom: fc.oneof(
    fc.record({ shares: fc.integer({ min: 1, max: 3 }) }),
    fc.constant<'coordinator'>('coordinator'),
    fc.record({ nodes: fc.integer({ min: 1, max: 24 }) }),
  ),
});

/** The same bytes again and again: the same dither for whatever is rounded. */
const dither =
  (seed: number) =>
  (bytes: number): Uint8Array =>
    new Uint8Array(bytes).fill(seed);

const lengthOf = (vector: ArrayLike<number>): number => Math.hypot(...Array.from(vector));

describe('room for the noise', () => {
  test('the largest values and twelve standard deviations of all the noise stay in the ring', () => {
    fc.assert(
      fc.property(rules, (rule) => {
        const { scale, siteNoise, coordinatorNoise, coordinatorNodes } = noisyQuantiserFor(rule);
        const values = rule.sites * (Math.ceil(rule.sumNorm * scale) + 2);
        const noise =
          NOISE_REACH * Math.hypot(siteNoise * Math.sqrt(rule.sites), coordinatorNoise * Math.sqrt(coordinatorNodes));
        expect(values + noise).toBeLessThan(2 ** 31);
        // And not much of the ring is wasted.
        expect(values + noise).toBeGreaterThan(0.9 * 2 ** 31);
      }),
    );
  });

  test('the shares that are counted on make the noise that was asked for, against the sensitivity after rounding', () => {
    fc.assert(
      fc.property(rules, (rule) => {
        const { scale, sensitivity, siteNoise, coordinatorNoise } = noisyQuantiserFor(rule);
        const least = rule.sitesPerCustomer * (rule.sensitivity * scale + Math.sqrt(rule.length));
        expect(sensitivity).toBeGreaterThanOrEqual(least);
        expect(sensitivity).toBeLessThan(1.01 * least);
        const { noiseFrom } = rule;
        const shares = noiseFrom !== 'coordinator' && 'shares' in noiseFrom ? noiseFrom.shares : 0;
        const noise = Math.hypot(siteNoise * Math.sqrt(shares), coordinatorNoise);
        expect(noise).toBeGreaterThanOrEqual(rule.noiseMultiplier * sensitivity * (1 - 1e-12));
        expect(Number.isSafeInteger(siteNoise) && Number.isSafeInteger(coordinatorNoise)).toBe(true);
      }),
    );
  });

  test('few bits hold a coarse sum, too few are refused', () => {
    expect(noisyQuantiserFor({ ...base, valueBits: 16 }).scale).toBeLessThan(noisyQuantiserFor(base).scale / 1000);
    expect(() => noisyQuantiserFor({ ...base, valueBits: 8 })).toThrow(/cannot hold the sum and its noise/);
    expect(() => noisyQuantiserFor({ ...base, noiseMultiplier: 0 })).toThrow(/cannot be made/);
    // So small that the quanta in it are beyond a double.
    expect(() => noisyQuantiserFor({ ...base, sumNorm: 1e-300, sensitivity: 1e-302 })).toThrow(/cannot be made/);
  });
});

test('whatever the dither, a customer more or less moves a rounded sum by no more than the sensitivity', () => {
  const coordinate = fc.double({ min: -1, max: 1, noNaN: true });
  const vectors = fc.integer({ min: 1, max: 40 }).chain((size) =>
    fc.record({
      others: fc.array(coordinate, { minLength: size, maxLength: size }),
      customer: fc.array(coordinate, { minLength: size, maxLength: size }),
      // From far inside the ball of site sums to far outside, where both are clipped.
      reach: fc.double({ min: 0.1, max: 20, noNaN: true }),
      seed: fc.nat(255),
    }),
  );
  fc.assert(
    fc.property(vectors, ({ others, customer, reach, seed }) => {
      const quantiser = noisyQuantiserFor({ ...base, length: others.length, sumNorm: 5, valueBits: 14 });
      const size = Math.max(1, lengthOf(customer));
      const without = Float32Array.from(others, (value) => value * reach);
      const full = without.map((value, at) => value + (customer[at] ?? 0) / size);
      const [a, b] = [without, full].map((vector) => encodeNoisySum({ vector, count: null }, quantiser, dither(seed)));
      const moved = lengthOf(Array.from(a ?? [], (value, at) => value - (b?.[at] ?? 0)));
      expect(moved).toBeLessThanOrEqual(quantiser.sensitivity);
    }),
    { numRuns: 500 },
  );
});

test('sites’ sums with noise decode to their sum and the noise, without weights and without a count of the clipped', () => {
  const quantiser = noisyQuantiserFor(base);
  const parts = [0, 1, 2].map((site) => Float32Array.from({ length: base.length }, (_, at) => Math.sin(at + site)));
  const noise = Int32Array.from({ length: base.length }, (_, at) => at * 1000 - 500_000);
  const sum = new Int32Array(base.length + EXTRA_ELEMENTS);
  for (const part of parts) {
    const elements = encodeNoisySum({ vector: part, count: null }, quantiser);
    addNoise(elements, noise);
    elements.forEach((value, at) => (sum[at] = ((sum[at] ?? 0) + value) | 0));
  }
  expect([...sum.subarray(base.length)]).toEqual([3, 0]);
  const { vector: decoded, count } = decodeNoisySum(sum, 3, quantiser);
  expect(count).toBeNull();
  decoded.forEach((value, at) => {
    const exact = parts.reduce((total, part) => total + (part[at] ?? 0), 0) + (3 * (noise[at] ?? 0)) / quantiser.scale;
    expect(Math.abs(value - exact)).toBeLessThan(4 / quantiser.scale + 1e-6);
  });
  expect(() => decodeNoisySum(sum, 4, quantiser)).toThrow(/not that of 4 sites/);
  expect(() => addNoise(sum, new Int32Array(3))).toThrow(/do not fit/);
});

test('where the coordinator adds the noise, not even zeros are known by the hash of a masked vector', () => {
  for (const noiseFrom of ['coordinator', { nodes: 6 }] as const) {
    const quantiser = noisyQuantiserFor({ ...base, length: 20_000, noiseFrom });
    const nobody = { vector: new Float32Array(20_000), count: null };
    const [once, again] = [encodeNoisySum(nobody, quantiser), encodeNoisySum(nobody, quantiser)];
    expect([...once.subarray(20_000)]).toEqual([1, 0]);
    const shares = [-1, 0, 1].map((value) => once.subarray(0, 20_000).filter((element) => element === value).length);
    // Of fresh randomness: eight standard deviations.
    for (const [at, share] of [0.25, 0.5, 0.25].entries()) {
      const deviation = Math.sqrt(20_000 * share * (1 - share));
      expect(Math.abs((shares[at] ?? 0) - 20_000 * share)).toBeLessThan(8 * deviation);
    }
    expect(once.filter((element, at) => element === again[at]).length).toBeLessThan(10_000);
  }
});

test('noise beyond the ring’s edge comes back on the other side, where it is the same element', () => {
  const elements = Int32Array.of(2 ** 31 - 1, 0, 1, 0);
  addNoise(elements, Int32Array.of(3, -5));
  expect([...elements]).toEqual([-(2 ** 31) + 2, -5, 1, 0]);
});

test('a vector with a value that is not finite is not encoded', () => {
  const vector = Float32Array.of(1, Number.NaN);
  expect(() => encodeNoisySum({ vector, count: null }, noisyQuantiserFor({ ...base, length: 2 }))).toThrow(
    /not finite/,
  );
});

describe('a count beside the vector', () => {
  const counting = (length: number, countUnit: number): NoisySumRules => ({
    ...base,
    length,
    sumNorm: 5,
    countUnit,
    sensitivity: Math.hypot(1, countUnit / 2),
    valueBits: 16,
  });

  test('whatever the dither, a customer moves vector and count together by no more than the sensitivity', () => {
    const coordinate = fc.double({ min: -1, max: 1, noNaN: true });
    const parts = fc.integer({ min: 1, max: 20 }).chain((size) =>
      fc.record({
        others: fc.array(coordinate, { minLength: size, maxLength: size }),
        customer: fc.array(coordinate, { minLength: size, maxLength: size }),
        reach: fc.double({ min: 0.1, max: 20, noNaN: true }),
        countUnit: fc.double({ min: 0.01, max: 2, noNaN: true }),
        // From counts that have room to counts that are cut off.
        counted: fc.integer({ min: -2000, max: 2000 }),
        unclipped: fc.boolean(),
        seed: fc.nat(255),
      }),
    );
    fc.assert(
      fc.property(parts, ({ others, customer, reach, countUnit, counted, unclipped, seed }) => {
        const quantiser = noisyQuantiserFor(counting(others.length, countUnit));
        const size = Math.max(1, lengthOf(customer));
        const without = Float32Array.from(others, (value) => value * reach);
        const full = without.map((value, at) => value + (customer[at] ?? 0) / size);
        const a = encodeNoisySum({ vector: without, count: counted / 2 }, quantiser, dither(seed));
        const withOne = { vector: full, count: counted / 2 + (unclipped ? 0.5 : -0.5) };
        const b = encodeNoisySum(withOne, quantiser, dither(seed));
        expect(lengthOf(a.map((value, at) => value - (b[at] ?? 0)))).toBeLessThanOrEqual(quantiser.sensitivity);
      }),
      { numRuns: 500 },
    );
  });

  test('it gets the noise of an element, and comes back in customers', () => {
    const quantiser = noisyQuantiserFor(counting(3, 0.5));
    expect(quantiser.countScale).toBe(0.5 * quantiser.scale);
    const counts = [10, -2.5, 0.5];
    const sum = new Int32Array(3 + EXTRA_ELEMENTS);
    expect(noisyElements(sum.length, quantiser)).toBe(4);
    for (const count of counts) {
      const elements = encodeNoisySum({ vector: new Float32Array(3), count }, quantiser);
      addNoise(elements, Int32Array.of(0, 0, 0, 100));
      elements.forEach((value, at) => (sum[at] = ((sum[at] ?? 0) + value) | 0));
    }
    expect(sum[3]).toBe(3);
    const { vector, count } = decodeNoisySum(sum, 3, quantiser);
    expect([...vector]).toEqual([0, 0, 0]);
    expect(Math.abs((count ?? Number.NaN) - 8 - 300 / quantiser.countScale)).toBeLessThan(3 / quantiser.countScale);
  });

  test('it is there exactly when the plan counts', () => {
    const vector = new Float32Array(3);
    const quantiser = noisyQuantiserFor(counting(3, 0.5));
    expect(() => encodeNoisySum({ vector, count: null }, quantiser)).toThrow(/does not fit/);
    expect(() => encodeNoisySum({ vector, count: 1 }, noisyQuantiserFor({ ...base, length: 3 }))).toThrow(
      /does not fit/,
    );
    expect(() => encodeNoisySum({ vector, count: Number.NaN }, quantiser)).toThrow(/does not fit/);
    const told = Int32Array.of(0, 0, 0, 1, 7);
    expect(() => decodeNoisySum(told, 1, noisyQuantiserFor({ ...base, length: 3 }))).toThrow(/private round/);
  });
});
