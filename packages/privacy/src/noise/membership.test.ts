import { createCipheriv } from 'node:crypto';

import { expect, test } from 'vitest';

import { epsilonOf } from '../accountant/accountant.ts';
import { noiseShare } from '../distributed/noise-shares.ts';
import { DiscreteGaussian } from './discrete-gaussian.ts';
import type { RandomSource } from './random-integers.ts';

/*
 * Attack 11 of the threat model: secure aggregation alone is not private (Ngo et al. 2024). The adversary knows everything in a
 * sum but whether one customer is in it, and what that customer would add; it guesses by the likelihood ratio, the best test
 * there is (Neyman and Pearson).
 */

/** Random bytes of a fixed seed: these tests come out the same every time. */
function seeded(seed: number): RandomSource {
  const cipher = createCipheriv('aes-256-ctr', new Uint8Array(32).fill(seed), new Uint8Array(16));
  return (bytes) => cipher.update(new Uint8Array(bytes));
}

/** What the customer adds, in quanta; norm 40. */
const CONTRIBUTION = [24, -16, 8, 24, 8, -8, 0, 8];
const NORM = Math.hypot(...CONTRIBUTION);
const TRIALS = 4000;

/** Share of right guesses, the customer being in every second sum. */
function rightGuesses(noise: () => number): number {
  let right = 0;
  for (let trial = 0; trial < TRIALS; trial++) {
    const isIn = trial % 2 === 0;
    const sum = CONTRIBUTION.map((value) => (isIn ? value : 0) + noise());
    const score = sum.reduce((total, value, i) => total + value * (CONTRIBUTION[i] ?? 0), 0);
    if (score > NORM ** 2 / 2 === isIn) right++;
  }
  return right / TRIALS;
}

test('attack 11, membership: in an exact sum everybody is found', () => {
  expect(rightGuesses(() => 0)).toBe(1);
});

test.each([
  // Right with probability Phi(1 / (2 z)).
  { noiseMultiplier: 1, expected: 0.6915 },
  { noiseMultiplier: 4, expected: 0.5497 },
])(
  'attack 11, membership: noise of $noiseMultiplier times the contribution leaves the best guess at $expected',
  (row) => {
    const sites = 4;
    const share = noiseShare(row.noiseMultiplier * NORM, sites);
    const variance = { numerator: BigInt(Math.ceil(share ** 2)), denominator: 1n };
    const noises = Array.from({ length: sites }, (_, site) => new DiscreteGaussian(variance, seeded(site + 1)));
    const right = rightGuesses(() => noises.reduce((sum, noise) => sum + Number(noise.sample()), 0));
    // Standard error 0.008; the seeds are fixed.
    expect(Math.abs(right - row.expected)).toBeLessThan(0.025);
    // What the accountant promises: right in at most (e^epsilon + delta) / (1 + e^epsilon) of such guesses (Kairouz, Oh and
    // Viswanath 2015).
    const delta = 1e-6;
    const bound = Math.exp(epsilonOf({ noiseMultiplier: row.noiseMultiplier, samplingRate: 1, steps: 1, delta }));
    expect(right).toBeLessThanOrEqual((bound + delta) / (1 + bound));
  },
);

test('attack 11, membership: a site that adds no noise leaves what the others were counted on for', () => {
  // Four are counted on, one of the five is in league with the coordinator: it knows that one's noise and takes it off.
  const share = noiseShare(4 * NORM, 4);
  const variance = { numerator: BigInt(Math.ceil(share ** 2)), denominator: 1n };
  const honest = Array.from({ length: 4 }, (_, site) => new DiscreteGaussian(variance, seeded(site + 11)));
  const right = rightGuesses(() => honest.reduce((sum, noise) => sum + Number(noise.sample()), 0));
  expect(right).toBeLessThan(0.5497 + 0.025);
});
