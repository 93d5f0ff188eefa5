import { createCipheriv, randomBytes } from 'node:crypto';

import { expect, test } from 'vitest';

import { PrivacyError } from '../errors.ts';
import { DiscreteGaussian, exactRational, type Rational } from './discrete-gaussian.ts';
import { RandomIntegers, type RandomSource } from './random-integers.ts';

/** Random bytes of a fixed seed: these tests come out the same every time. */
function seeded(seed: number): RandomSource {
  const cipher = createCipheriv('aes-256-ctr', new Uint8Array(32).fill(seed), new Uint8Array(16));
  return (bytes) => cipher.update(new Uint8Array(bytes));
}

function drawn(variance: Rational, count: number, seed = 1): number[] {
  const noise = new DiscreteGaussian(variance, seeded(seed));
  return Array.from({ length: count }, () => Number(noise.sample()));
}

/** Pearson's statistic over the values that are expected at least five times, the tails taken together, per degree. */
function chiSquarePerDegree(samples: readonly number[], variance: number): number {
  const reach = Math.ceil(12 * Math.sqrt(variance)) + 2;
  const weight = (x: number): number => Math.exp((-x * x) / (2 * variance));
  const values = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  const total = values.reduce((sum, x) => sum + weight(x), 0);
  const expected = (x: number): number => (samples.length * weight(x)) / total;
  const common = values.filter((x) => expected(x) >= 5);
  const counts = new Map<number, number>();
  for (const sample of samples) counts.set(sample, (counts.get(sample) ?? 0) + 1);

  const inside = common.reduce((sum, x) => sum + ((counts.get(x) ?? 0) - expected(x)) ** 2 / expected(x), 0);
  const tail = samples.length - common.reduce((sum, x) => sum + expected(x), 0);
  const inTail = samples.length - common.reduce((sum, x) => sum + (counts.get(x) ?? 0), 0);
  const tails = tail >= 1 ? (inTail - tail) ** 2 / tail : 0;
  return (inside + tails) / (common.length - (tail >= 1 ? 0 : 1));
}

test.each([
  { numerator: 1n, denominator: 1n },
  { numerator: 1n, denominator: 4n },
  { numerator: 2n, denominator: 3n },
  { numerator: 9n, denominator: 1n },
  { numerator: 355n, denominator: 7n },
  { numerator: 10_000n, denominator: 1n },
])('samples of variance $numerator/$denominator have the probabilities of the discrete Gaussian', (variance) => {
  const samples = drawn(variance, 20_000);
  const statistic = chiSquarePerDegree(samples, Number(variance.numerator) / Number(variance.denominator));
  // With 3 to 500 degrees of freedom; the seed is fixed, so this either holds or the sampler has changed.
  expect(statistic).toBeLessThan(1.6);
  expect(statistic).toBeGreaterThan(0.2);
});

test('a statistic that cannot tell a wrong distribution would prove nothing', () => {
  const samples = drawn({ numerator: 9n, denominator: 1n }, 20_000);
  expect(chiSquarePerDegree(samples, 9.6)).toBeGreaterThan(1.6);
  // Rounding a continuous Gaussian gives a variance that is larger by 1/12.
  const shifted = samples.map((sample) => sample + 1);
  expect(chiSquarePerDegree(shifted, 9)).toBeGreaterThan(10);
});

test('mean and variance are right far beyond what fits a double’s 53 bits when squared', () => {
  const sigma = 3_000_000_000_000n;
  const noise = new DiscreteGaussian({ numerator: sigma * sigma, denominator: 1n }, seeded(2));
  const count = 4000;
  const samples = Array.from({ length: count }, () => Number(noise.sample()) / Number(sigma));
  const mean = samples.reduce((sum, value) => sum + value, 0) / count;
  const variance = samples.reduce((sum, value) => sum + value * value, 0) / count;
  // Standard errors 0.016 and 0.022.
  expect(Math.abs(mean)).toBeLessThan(0.06);
  expect(Math.abs(variance - 1)).toBeLessThan(0.08);
  expect(new Set(samples).size).toBe(count);
});

test('both signs and zero come up; a tiny variance gives zero almost always', () => {
  expect(new Set(drawn({ numerator: 1n, denominator: 1n }, 500).map(Math.sign))).toEqual(new Set([-1, 0, 1]));
  expect(new Set(drawn({ numerator: 1n, denominator: 1000n }, 500))).toEqual(new Set([0]));
});

test('different random bytes give different noise, and it all comes from them', () => {
  const variance = { numerator: 1_000_000n, denominator: 1n };
  expect(drawn(variance, 50, 3)).toEqual(drawn(variance, 50, 3));
  expect(drawn(variance, 50, 3)).not.toEqual(drawn(variance, 50, 4));
  const real = new DiscreteGaussian(variance, (bytes) => randomBytes(bytes));
  expect(Math.abs(Number(real.sample()))).toBeLessThan(20_000);
});

test('uniform integers reach every value below the bound and none beyond', () => {
  const integers = new RandomIntegers(seeded(5));
  for (const bound of [1, 2, 3, 7, 8, 255, 256, 257]) {
    const counts = Array.from({ length: bound }, () => 0);
    for (let i = 0; i < 200 * bound; i++) {
      const value = Number(integers.below(BigInt(bound)));
      counts[value] = (counts.at(value) ?? Number.NaN) + 1;
    }
    // 200 expected of each, standard deviation 14.
    expect(counts).toHaveLength(bound);
    expect(Math.min(...counts)).toBeGreaterThan(120);
    expect(Math.max(...counts)).toBeLessThan(280);
  }
});

test.each([
  [0.5, 1n, 2n],
  [3, 3n, 1n],
  [-0.75, -3n, 4n],
  [0.1, 3602879701896397n, 36028797018963968n],
  [2 ** 60, 1n << 60n, 1n],
  [Number.MIN_VALUE, 1n, 1n << 1074n],
])('%f is exactly %d / %d', (value, numerator, denominator) => {
  expect(exactRational(value)).toEqual({ numerator, denominator });
});

test('no variance, a negative one or one that is no number is refused', () => {
  for (const numerator of [0n, -1n]) {
    expect(() => new DiscreteGaussian({ numerator, denominator: 1n }, randomBytes)).toThrow(PrivacyError);
  }
  expect(() => new DiscreteGaussian({ numerator: 1n, denominator: 0n }, randomBytes)).toThrow(PrivacyError);
  expect(() => exactRational(Number.NaN)).toThrow(PrivacyError);
  expect(() => exactRational(Number.POSITIVE_INFINITY)).toThrow(PrivacyError);
});
