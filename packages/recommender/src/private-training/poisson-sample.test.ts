import { expect, test } from 'vitest';
import { seededBytes } from '../testing/seeded-bytes.ts';
import { tinySequences } from '../testing/tiny-study.ts';
import { trainingWindows } from '../study/windows.ts';
import { firstWindows, poissonSample } from './poisson-sample.ts';

// Length 3, so that many customers have two or three windows.
const windows = trainingWindows(tinySequences(400, 40), 3);
const first = firstWindows(windows);
const customersOf = (chosen: Int32Array): number[] => Array.from(chosen, (window) => windows.customers[window] ?? -1);

test('a customer enters a sample with one window or not at all', () => {
  const random = seededBytes(1);
  for (let step = 0; step < 20; step += 1) {
    const customers = customersOf(poissonSample(first, 0.5, random));
    expect(new Set(customers).size).toBe(customers.length);
  }
});

test('the rate is that of every customer on its own', () => {
  const random = seededBytes(2);
  const [steps, rate] = [500, 0.3];
  const samples = Array.from({ length: steps }, () => customersOf(poissonSample(first, rate, random)));
  const seen = new Int32Array(400);
  for (const customer of samples.flat()) seen[customer] = (seen[customer] ?? 0) + 1;
  // Six standard deviations of a binomial count; sizes of independent choices vary by a binomial variance too.
  const spread = 6 * Math.sqrt(steps * rate * (1 - rate));
  for (const count of seen) expect(Math.abs(count - steps * rate)).toBeLessThan(spread);
  const variance = samples.reduce((sum, { length }) => sum + (length - 400 * rate) ** 2, 0) / steps;
  expect(variance / (400 * rate * (1 - rate))).toBeGreaterThan(0.6);
  expect(variance / (400 * rate * (1 - rate))).toBeLessThan(1.5);
});

test('at rate 1 everyone enters, and in the end with every window', () => {
  const random = seededBytes(3);
  const seen = new Set<number>();
  for (let step = 0; step < 60; step += 1) {
    const chosen = poissonSample(first, 1, random);
    expect(chosen).toHaveLength(first.length - 1);
    for (const window of chosen) seen.add(window);
  }
  expect(seen.size).toBe(windows.count);
});

test('a random source that gives too little is refused', () => {
  expect(() => poissonSample(first, 0.5, () => new Uint8Array(5))).toThrow(/5 bytes instead of/);
});
