import { expect, test } from 'vitest';
import { seededRandom } from '../random/seeded-random.ts';
import { interval, lowerBound } from './bootstrap.ts';

/** Skewed like NDCG: mostly small, sometimes 1. Mean .3. */
function draw(seed: number, customers: number): Float64Array {
  const random = seededRandom(seed, 'skewed scores');
  return Float64Array.from({ length: customers }, () => (random.uniform() < 0.2 ? 1 : random.uniform() * 0.25));
}
const TRUE_MEAN = 0.2 + 0.8 * 0.125;

test('a 95 % interval holds the true mean about 95 times in 100', () => {
  const draws = 300;
  let covered = 0;
  for (let seed = 1; seed <= draws; seed += 1) {
    const { low, high } = interval(draw(seed, 60), { confidence: 0.95, resamples: 400, seed });
    if (low <= TRUE_MEAN && TRUE_MEAN <= high) covered += 1;
  }
  expect(covered / draws).toBeGreaterThan(0.9);
  expect(covered / draws).toBeLessThan(0.985);
});

test('a one-sided bound of confidence .8 lies above the true mean about 20 times in 100', () => {
  const draws = 300;
  let above = 0;
  for (let seed = 1; seed <= draws; seed += 1) {
    if (lowerBound(draw(seed, 60), { confidence: 0.8, resamples: 400, seed }) > TRUE_MEAN) above += 1;
  }
  expect(above / draws).toBeGreaterThan(0.13);
  expect(above / draws).toBeLessThan(0.27);
});

test('the same seed gives the same interval, around the mean', () => {
  const values = draw(1, 40);
  const first = interval(values, { confidence: 0.9, seed: 5 });
  expect(interval(values, { confidence: 0.9, seed: 5 })).toEqual(first);
  expect(interval(values, { confidence: 0.9, seed: 6 })).not.toEqual(first);
  expect(first.low).toBeLessThan(first.mean);
  expect(first.high).toBeGreaterThan(first.mean);
});

test('no customers give no interval', () => {
  expect(() => interval(new Float64Array(), { confidence: 0.95, seed: 1 })).toThrow(/no customers/);
});
