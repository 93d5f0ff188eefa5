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
    const compared: GroupComparison = { cohort, groups: Math.floor(cohort / 16), combination: 'median' };
    const { log2BrokenDown } = spoiling(compared, fraction).byChance;
    // The design gives one digit.
    expect(Math.abs(Math.log10(2 ** log2BrokenDown / expected))).toBeLessThan(0.3);
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
      spoiling({ cohort: 1000 * sites, groups: 1000, combination: 'median' }, fraction).byChance.share;
    expect(shareOf(size)).toBeLessThan(0.503);
    expect(shareOf(size + 1)).toBeGreaterThan(0.5);
  },
);

/** The probability from all the ways in which so many corrupt sites can be chosen; groups of two sizes as they come. */
function countedAtLeast({ cohort, groups }: GroupComparison, corrupt: number, least: number): number {
  let [ways, spoilt] = [0, 0];
  for (let chosen = 0; chosen < 2 ** cohort; chosen++) {
    const sites = Array.from({ length: cohort }, (_, site) => site).filter((site) => ((chosen >> site) & 1) === 1);
    if (sites.length !== corrupt) continue;
    ways++;
    if (new Set(sites.map((site) => Math.floor((site * groups) / cohort))).size >= least) spoilt++;
  }
  return spoilt / ways;
}

test.each([
  [5, 15, 4],
  [4, 16, 3],
  [7, 14, 6],
])('of %i groups of %i sites %i corrupt ones spoil as many as counting says', (groups, cohort, corrupt) => {
  const compared: GroupComparison = { cohort, groups, combination: 'median' };
  const { ofSites, breakdown: least } = spoiling(compared, corrupt / cohort);
  expect(2 ** ofSites.log2BrokenDown).toBeCloseTo(countedAtLeast(compared, corrupt, least), 9);
});

test.each([
  [4, 14, 3],
  [6, 15, 4],
])('of %i groups of %i sites, of two sizes, as many or more', (groups, cohort, corrupt) => {
  const compared: GroupComparison = { cohort, groups, combination: 'median' };
  const { ofSites, breakdown: least } = spoiling(compared, corrupt / cohort);
  const counted = countedAtLeast(compared, corrupt, least);
  expect(2 ** ofSites.log2BrokenDown).toBeGreaterThanOrEqual(counted);
  expect(2 ** ofSites.log2BrokenDown).toBeLessThan(1.5 * counted);
});

test('fewer corrupt sites than groups that must be spoilt never break a combination', () => {
  const compared: GroupComparison = { cohort: 1000, groups: 62, combination: 'median' };
  const brokenDown = (change: Partial<GroupComparison>, fraction: number): number =>
    spoiling({ ...compared, ...change }, fraction).ofSites.log2BrokenDown;
  expect(spoiling(compared, 0.03).breakdown).toBe(31);
  expect(brokenDown({}, 0.03)).toBe(-Infinity);
  expect(brokenDown({}, 0.031)).toBeGreaterThan(-Infinity);
  // Of the trimmed mean a fifth.
  expect(brokenDown({ combination: 'trimmed-mean' }, 0.012)).toBe(-Infinity);
  expect(brokenDown({ combination: 'trimmed-mean' }, 0.013)).toBeGreaterThan(-Infinity);
});

test('all sites spoil all groups, and none spoil none', () => {
  const compared: GroupComparison = { cohort: 1000, groups: 62, combination: 'median' };
  const [all, none] = [
    { share: 1, log2BrokenDown: 0 },
    { share: 0, log2BrokenDown: -Infinity },
  ];
  expect(spoiling(compared, 1)).toMatchObject({ ofSites: all, byChance: all });
  expect(spoiling(compared, 0)).toMatchObject({ ofSites: none, byChance: none });
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
