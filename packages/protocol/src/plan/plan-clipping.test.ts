import { privacyLoss } from '@noren/privacy';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  clipNormAfter,
  countedSensitivity,
  countUnit,
  largestSumNorm,
  unclippedShare,
  updateNoiseMultiplier,
  withClipNorm,
} from './plan-clipping.ts';
import type { AdaptiveClipNorm } from './plan-clipping.ts';
import { defaultTraining } from './default-training.ts';
import { noisySumRules } from './plan-privacy.ts';
import type { PlanPrivacy } from './plan-privacy.ts';
import type { PlanTemplate } from './plan.ts';
import { privateTraining } from './private-training.ts';

const clipping: AdaptiveClipNorm = {
  kind: 'adaptive',
  quantile: 0.5,
  learningRate: 0.2,
  countNoise: 5,
  minimum: 0.01,
  maximum: 10,
};

const privacy = {
  unit: 'customer',
  mode: 'distributed',
  clipNorm: 0.1,
  clipping,
  noiseMultiplier: 1,
  samplingRate: 0.05,
  customers: 2000,
  delta: 1e-5,
  minimumHonest: 3,
  colluding: 1,
  sitesPerCustomer: 1,
  homes: null,
} as const satisfies PlanPrivacy;

const template: PlanTemplate = privateTraining(
  defaultTraining('private', { 'sequence.position': { start: 'pretrained', scope: 'federated' } }),
  2000,
  'adaptive',
);

test('the noise of sum and count together costs what the plan says, and not more', () => {
  // Andrew et al. 2021, theorem 1: 100 contributions, count noise of a twentieth of them, z = 1.
  expect(updateNoiseMultiplier(privacy)).toBeCloseTo((1 - 1 / 100) ** -0.5, 12);
  fc.assert(
    fc.property(
      fc.double({ min: 0.3, max: 5, noNaN: true }),
      fc.double({ min: 0.8, max: 50, noNaN: true }),
      fc.double({ min: 1e-3, max: 100, noNaN: true }),
      fc.integer({ min: 1, max: 4 }),
      (noiseMultiplier, times, clipNorm, sitesPerCustomer) => {
        const countNoise = times * noiseMultiplier * sitesPerCustomer;
        const counted = {
          ...privacy,
          noiseMultiplier,
          clipNorm,
          sitesPerCustomer,
          clipping: { ...clipping, countNoise },
        };
        const deviation = noiseMultiplier * sitesPerCustomer * countedSensitivity(counted);
        // One Gaussian of that deviation on every element is the two mechanisms of the paper.
        expect(deviation / (sitesPerCustomer * clipNorm)).toBeCloseTo(updateNoiseMultiplier(counted), 9);
        expect(deviation / countUnit(counted) / countNoise).toBeCloseTo(1, 9);
        const steps = 30;
        const [joint, sum, count] = [
          noiseMultiplier,
          updateNoiseMultiplier(counted),
          (2 * countNoise) / sitesPerCustomer,
        ].map((multiplier) => ({ noiseMultiplier: multiplier, samplingRate: 1, steps }));
        if (joint === undefined || sum === undefined || count === undefined) throw new Error('three histories');
        const both = privacyLoss([sum, count], 1e-6).epsilon;
        expect(Math.abs(both / privacyLoss([joint], 1e-6).epsilon - 1)).toBeLessThan(1e-9);
      },
    ),
    { numRuns: 60 },
  );
});

test('the ring’s rules hold for the vector with its count', () => {
  const rules = noisySumRules({ privacy, update: { clipNorm: 10 }, vectorLength: 100 }, privacy, 5);
  expect(rules).toMatchObject({ countUnit: countUnit(privacy), sensitivity: countedSensitivity(privacy), length: 100 });
  const fixed = { ...privacy, clipping: undefined };
  const without = noisySumRules({ privacy: fixed, update: { clipNorm: 10 }, vectorLength: 100 }, fixed, 5);
  expect(without).toMatchObject({ sensitivity: 0.1 });
  expect(without.countUnit).toBeUndefined();
});

test('the norm follows the noised share, as far as the plan lets it', () => {
  // A hundred are expected: 20 more than half of them means 70 %.
  expect(unclippedShare(20, privacy)).toBeCloseTo(0.7, 12);
  expect(clipNormAfter(privacy, 0.7)).toBeCloseTo(0.1 * Math.exp(-0.2 * 0.2), 12);
  expect(clipNormAfter(privacy, 0.5)).toBeCloseTo(0.1, 12);
  expect(clipNormAfter(privacy, 100)).toBe(0.01);
  expect(clipNormAfter(privacy, -100)).toBe(10);
});

test('with a new norm the bound of a site’s sum moves in proportion, and what was valid stays valid', () => {
  expect(largestSumNorm(template)).toBe(100);
  fc.assert(
    fc.property(fc.double({ min: 1e-3, max: 1, noNaN: true }), (clipNorm) => {
      const moved = withClipNorm(template, clipNorm);
      expect(moved.privacy?.clipNorm).toBe(clipNorm);
      expect(moved.update.clipNorm / clipNorm).toBeCloseTo(100, 9);
      // A site that allowed the first round's largest bound must allow it in every later one.
      expect(largestSumNorm(moved)).toBe(100);
    }),
  );
  const exact = { ...template, privacy: null };
  expect(withClipNorm(exact, 1)).toBe(exact);
  expect(largestSumNorm(exact)).toBe(template.update.clipNorm);
});
