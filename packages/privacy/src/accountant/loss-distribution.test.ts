import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { epsilonOf, privacyLoss } from './accountant.ts';
import { fourierTransform } from './fourier.ts';
import { lossDistribution } from './loss-distribution.ts';

const steps = (samplingRate: number, noiseMultiplier: number, count: number) => ({
  samplingRate,
  noiseMultiplier,
  steps: count,
});

describe('published values', () => {
  test.each([
    ['q = 1, sigma = 0.7, 2 steps', steps(1, 0.7, 2), 10.1224946],
    ['q = 0.01, sigma = 0.7, 120 steps', steps(0.01, 0.7, 120), 2.4612381],
  ])('TensorFlow Privacy, compute_dp_sgd_privacy_test.py, PLD: %s', (_, history, epsilon) => {
    expect(lossDistribution([history]).epsilon(1e-5)).toBeCloseTo(epsilon, 3);
  });

  test('Opacus, accountants_test.py, PRV: q = 0.04, sigma = 1.5, 2249 steps', () => {
    const epsilon = lossDistribution([steps(0.04, 1.5, 2249)]).epsilon(1e-5);
    // An upper estimate, made with an error of 0.01 allowed to either side.
    expect(epsilon).toBeLessThan(6.777395712);
    expect(epsilon).toBeGreaterThan(6.777395712 - 0.02);
  });

  test.each([
    ['three Gaussians of sqrt(3)', steps(1, Math.sqrt(3), 3), 0.126936],
    ['q = 0.2, sigma = 0.5, 3 steps', steps(0.2, 0.5, 3), 0.15594],
  ])('dp_accounting, privacy_loss_distribution_test.py, delta at epsilon 1: %s', (_, history, delta) => {
    expect(lossDistribution([history]).delta(1)).toBeCloseTo(delta, 4);
  });

  test.each([
    ['q = 0.01, 1 step', steps(0.01, 0.67379294682, 1)],
    ['q = 0.001, 25 steps, sensitivity 6', steps(0.001, 3.20956502598 / 6, 25)],
  ])('dp_accounting, accountant_test.py, noise for (1, 1e-5): %s', (_, history) => {
    expect(lossDistribution([history]).epsilon(1e-5)).toBeCloseTo(1, 2);
  });
});

test('no step, and a step that samples nobody, cost nothing', () => {
  for (const history of [[], [steps(0, 1, 10)], [steps(0.1, 1, 0)]]) {
    const distribution = lossDistribution(history);
    expect([distribution.epsilon(1e-6), distribution.delta(0)]).toEqual([0, 0]);
  }
});

test('never more than the Renyi accountant finds, and not much less', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.6, max: 4, noNaN: true }),
      fc.constantFrom(0.003, 0.05, 0.3, 1),
      fc.integer({ min: 1, max: 200 }),
      (noiseMultiplier, samplingRate, count) => {
        const history = steps(samplingRate, noiseMultiplier, count);
        const tight = lossDistribution([history]).epsilon(1e-5);
        const renyi = epsilonOf({ ...history, delta: 1e-5 });
        expect(tight).toBeLessThanOrEqual(renyi);
        expect(tight).toBeGreaterThan(0.3 * renyi - 0.5);
      },
    ),
    { numRuns: 10 },
  );
}, 60_000);

test('epsilon and delta answer each other', () => {
  const distribution = lossDistribution([steps(0.05, 1, 200)]);
  for (const delta of [1e-3, 1e-5, 1e-7]) {
    expect(distribution.delta(distribution.epsilon(delta)) / delta).toBeCloseTo(1, 3);
  }
});

test('steps of different kinds add up, in any order, to less than their Renyi sum', () => {
  const [a, b] = [steps(0.05, 1, 100), steps(1, 8, 3)];
  const both = lossDistribution([a, b]).epsilon(1e-6);
  expect(lossDistribution([b, a]).epsilon(1e-6)).toBeCloseTo(both, 9);
  expect(both).toBeGreaterThan(lossDistribution([a]).epsilon(1e-6));
  expect(both).toBeLessThan(privacyLoss([a, b], 1e-6).epsilon);
});

test('hardly any noise: the loss is hundreds, and is said to be', () => {
  expect(lossDistribution([steps(1, 0.05, 1)]).epsilon(1e-6)).toBeGreaterThan(200);
});

test('the Fourier transform is the sum it stands for', () => {
  const random = (length: number): Float64Array => Float64Array.from({ length }, (_, k) => Math.sin(7 * k * k + k));
  const [real, imaginary] = [random(16), random(16).reverse()];
  const expected = Array.from({ length: 16 }, (_, k) => {
    let [u, v] = [0, 0];
    for (let n = 0; n < 16; n++) {
      const angle = (-2 * Math.PI * k * n) / 16;
      u += (real[n] ?? 0) * Math.cos(angle) - (imaginary[n] ?? 0) * Math.sin(angle);
      v += (real[n] ?? 0) * Math.sin(angle) + (imaginary[n] ?? 0) * Math.cos(angle);
    }
    return [u, v];
  });
  fourierTransform({ real, imaginary });
  expected.forEach(([u, v], k) => {
    expect(real[k]).toBeCloseTo(u ?? 0, 12);
    expect(imaginary[k]).toBeCloseTo(v ?? 0, 12);
  });
});
