import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { rejectionCodeOf } from '../testing/federation.ts';
import { combineMeans, type Combination } from './combination.ts';

const combinations: readonly Combination[] = ['median', 'trimmed-mean', 'geometric-median'];
let turns = 0;
const yieldTurn = (): Promise<void> => {
  turns++;
  return Promise.resolve();
};
const combined = async (means: readonly number[][], combination: Combination): Promise<number[]> =>
  Array.from(
    await combineMeans(
      means.map((mean) => new Float32Array(mean)),
      combination,
      yieldTurn,
    ),
  );

test('known answers', async () => {
  expect(await combined([[1], [2], [9]], 'median')).toEqual([2]);
  expect(await combined([[1], [2], [4], [9]], 'median')).toEqual([3]);
  expect(await combined([[0], [1], [2], [3], [100]], 'trimmed-mean')).toEqual([2]);
  expect(await combined([[0], [5]], 'trimmed-mean')).toEqual([2.5]);
  // The corners of a square: its middle.
  const square = await combined(
    [
      [0, 0],
      [0, 2],
      [2, 0],
      [2, 2],
    ],
    'geometric-median',
  );
  for (const value of square) expect(value).toBeCloseTo(1, 5);
  // A triangle with an angle above 120 degrees: that corner (Fermat's point).
  const flat = await combined(
    [
      [0, 0],
      [-10, 1],
      [10, 1],
    ],
    'geometric-median',
  );
  expect(Math.hypot(...flat)).toBeLessThan(0.01);
  // An equilateral triangle: its centre.
  const even = await combined(
    [
      [0, 0],
      [2, 0],
      [1, Math.sqrt(3)],
    ],
    'geometric-median',
  );
  expect(even[0]).toBeCloseTo(1, 5);
  expect(even[1]).toBeCloseTo(1 / Math.sqrt(3), 5);
});

test.each(combinations)('%s of equal means is that mean, of none or of unequal lengths there is none', async (name) => {
  expect(
    await combined(
      [
        [1, -2],
        [1, -2],
        [1, -2],
      ],
      name,
    ),
  ).toEqual([1, -2]);
  expect(await rejectionCodeOf(combined([], name))).toBe('malformed');
  expect(await rejectionCodeOf(combined([[1], [1, 2]], name))).toBe('malformed');
});

const LENGTH = 40;
const honest = (seed: number): number[] => Array.from({ length: LENGTH }, (_, i) => 1 + 0.1 * Math.sin(seed + i * i));

/** Largest distance of the result from the honest groups' middle, whatever the spoilt ones say. */
async function distanceWith(spoilt: number, combination: Combination, lie: number[]): Promise<number> {
  const means = Array.from({ length: 15 }, (_, k) => (k < spoilt ? lie : honest(k)));
  const result = await combined(means, combination);
  return Math.max(...result.map((value) => Math.abs(value - 1)));
}

test.each([
  { combination: 'median', most: 7 },
  { combination: 'trimmed-mean', most: 3 },
  { combination: 'geometric-median', most: 7 },
] as const)('$combination of 15 groups stands $most that lie, and no more', async ({ combination, most }) => {
  const seed = Number(process.env['NOREN_TEST_SEED'] ?? Date.now() % 2 ** 31);
  process.stdout.write(`breakdown property: NOREN_TEST_SEED=${seed}\n`);
  const lies = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: LENGTH, maxLength: LENGTH });
  const property = fc.asyncProperty(lies, fc.integer({ min: 0, max: most }), async (lie, spoilt) => {
    // The geometric median may leave the honest ones by a constant times their spread (Lopuhaa and Rousseeuw 1991).
    expect(await distanceWith(spoilt, combination, lie)).toBeLessThan(combination === 'geometric-median' ? 3 : 0.1001);
  });
  await fc.assert(property, { seed, numRuns: 60 });
  const far = Array.from({ length: LENGTH }, () => 1e6);
  expect(await distanceWith(most + 1, combination, far)).toBeGreaterThan(combination === 'trimmed-mean' ? 1e4 : 1e5);
});

test('the event loop gets its turn within a long vector', async () => {
  turns = 0;
  await combineMeans([new Float32Array(100_000), new Float32Array(100_000)], 'median', yieldTurn);
  expect(turns).toBeGreaterThan(5);
});
