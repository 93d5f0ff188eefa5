import { expect, test } from 'vitest';

import { breakdown } from './combination.ts';
import { spoiling, type GroupComparison } from './spoiling.ts';

test.each([
  [1000, 0.005, 1e-18],
  [1000, 0.01, 1e-10],
  [1000, 0.02, 2e-4],
  [20_000, 0.02, 1e-62],
])(
  '%i sites in groups of 16, each corrupt with chance %d: half of the groups are spoilt with %d (design, section 5.1)',
  (cohort, fraction, expected) => {
    const { log2BrokenDownByChance } = spoiling(
      { cohort, groups: Math.floor(cohort / 16), combination: 'median' },
      fraction,
    );
    // The design gives one digit.
    expect(Math.abs(Math.log10(2 ** log2BrokenDownByChance / expected))).toBeLessThan(0.3);
  },
);

test.each([
  [0.005, 138],
  [0.01, 69],
  [0.02, 34],
  [0.05, 13],
  [0.1, 6],
])(
  'with %d of the sites corrupt groups of up to %i are sound for the greater part (design, section 5.1)',
  (fraction, size) => {
    const shareOf = (sites: number): number =>
      spoiling({ cohort: 1000 * sites, groups: 1000, combination: 'median' }, fraction).share;
    expect(shareOf(size)).toBeLessThan(0.503);
    expect(shareOf(size + 1)).toBeGreaterThan(0.5);
  },
);

/** The probability from all the ways in which `corrupt` of `groups * size` sites can be chosen. */
function countedAtLeast(groups: number, size: number, corrupt: number, least: number): number {
  const sites = groups * size;
  let [ways, spoilt] = [0, 0];
  for (let chosen = 0; chosen < 2 ** sites; chosen++) {
    const of = Array.from({ length: sites }, (_, site) => (chosen >> site) & 1);
    if (of.reduce((sum, bit) => sum + bit, 0) !== corrupt) continue;
    ways++;
    const hit = new Set(of.flatMap((bit, site) => (bit === 1 ? [Math.floor(site / size)] : [])));
    if (hit.size >= least) spoilt++;
  }
  return spoilt / ways;
}

test.each([
  [5, 3, 4],
  [4, 4, 3],
  [7, 2, 6],
])('of %i groups of %i sites %i corrupt ones spoil as many as counting says', (groups, size, corrupt) => {
  const compared: GroupComparison = { cohort: groups * size, groups, combination: 'median' };
  const { log2BrokenDown, breakdown: least } = spoiling(compared, corrupt / (groups * size));
  expect(2 ** log2BrokenDown).toBeCloseTo(countedAtLeast(groups, size, corrupt, least), 9);
});

test('fewer corrupt sites than groups that must be spoilt never break a combination', () => {
  const compared: GroupComparison = { cohort: 1000, groups: 62, combination: 'median' };
  expect(spoiling(compared, 0.03)).toMatchObject({ breakdown: 31, log2BrokenDown: -Infinity });
  expect(spoiling(compared, 0.031).log2BrokenDown).toBeGreaterThan(-Infinity);
  expect(spoiling(compared, 1)).toMatchObject({ share: 1, log2BrokenDown: 0, log2BrokenDownByChance: 0 });
  expect(spoiling(compared, 0)).toMatchObject({
    share: 0,
    log2BrokenDown: -Infinity,
    log2BrokenDownByChance: -Infinity,
  });
  // Of the trimmed mean a fifth.
  expect(spoiling({ ...compared, combination: 'trimmed-mean' }, 0.012).log2BrokenDown).toBe(-Infinity);
  expect(spoiling({ ...compared, combination: 'trimmed-mean' }, 0.013).log2BrokenDown).toBeGreaterThan(-Infinity);
});

test('groups of two sizes are counted as if all were of the larger, never as less', () => {
  // 33 sites in 8 groups, one of which has five: the chance lies between those of eight groups of four and of five.
  const of = (cohort: number): number =>
    spoiling({ cohort, groups: 8, combination: 'median' }, 5 / cohort).log2BrokenDown;
  expect(of(33)).toBeGreaterThanOrEqual(of(32));
});

test.each([
  ['median', 15, 8],
  ['median', 62, 31],
  ['trimmed-mean', 15, 4],
  ['trimmed-mean', 4, 1],
  ['geometric-median', 15, 8],
] as const)('%s of %i groups breaks down with %i spoilt ones', (combination, groups, least) => {
  expect(breakdown(combination, groups)).toBe(least);
});
