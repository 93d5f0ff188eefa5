import { expect, test } from 'vitest';

import { groupParameters } from '../group-parameters.ts';
import { codeOf, siteIdOf } from '../testing/federation.ts';
import { assuranceOf, type Fears } from './assurance.ts';
import { groupsOf } from './grouping.ts';

const fears = (sites: number, change: Partial<Fears> = {}): Fears => ({
  sites,
  robust: null,
  minimumSurvivors: 0,
  corruptFraction: 0.1,
  lostFraction: 0.05,
  ...change,
});
const robust = { groupSize: 16, combination: 'median' } as const;

test('within its counts a complete graph never fails, and beyond them it surely does', () => {
  for (const sites of [3, 4, 5, 20, 100, 128]) {
    const [group] = assuranceOf(fears(sites)).groups;
    const { threshold, minimumSurvivors, mode } = groupParameters(sites);
    expect(group).toMatchObject({ groups: 1, sites, threshold, minimumSurvivors, mode });
    const { colluding, lostBeforeMaskingEnds } = group!;
    const withCorrupt = (corrupt: number): unknown => {
      const { log2Broken } = assuranceOf(fears(sites, { corruptFraction: corrupt / sites }));
      return log2Broken;
    };
    expect(withCorrupt(colluding.active)).toEqual({ passive: -Infinity, active: -Infinity });
    expect(withCorrupt(colluding.active + 1)).toMatchObject({ active: 0 });
    expect(withCorrupt(colluding.passive)).toMatchObject({ passive: -Infinity });
    expect(withCorrupt(colluding.passive + 1)).toEqual({ passive: 0, active: 0 });
    const withLost = (lost: number): unknown => assuranceOf(fears(sites, { lostFraction: lost / sites })).log2Lost;
    expect(withLost(lostBeforeMaskingEnds)).toEqual({ group: -Infinity, any: -Infinity });
    expect(withLost(lostBeforeMaskingEnds + 1)).toEqual({ group: 0, any: 0 });
  }
});

test('a cohort has the groups that its sites find for themselves, with their thresholds', () => {
  expect(assuranceOf(fears(129)).groups).toEqual([
    {
      groups: 1,
      sites: 65,
      holders: 65,
      threshold: 44,
      signers: 65,
      signatures: 44,
      minimumSurvivors: 44,
      lostBeforeMaskingEnds: 21,
      lostAfter: 21,
      colluding: { passive: 43, active: 22 },
      mode: 'active',
    },
    {
      groups: 1,
      sites: 64,
      holders: 64,
      threshold: 43,
      signers: 64,
      signatures: 43,
      minimumSurvivors: 43,
      lostBeforeMaskingEnds: 21,
      lostAfter: 21,
      colluding: { passive: 42, active: 21 },
      mode: 'active',
    },
  ]);
  expect(assuranceOf(fears(10_000)).groups).toMatchObject([{ groups: 100, sites: 100, threshold: 74 }]);
  expect(assuranceOf(fears(1000, { robust })).groups).toMatchObject([
    { groups: 8, sites: 17, threshold: 12 },
    { groups: 54, sites: 16, threshold: 11 },
  ]);
});

test('a tenth of the sites breaks no cohort of private groups but with 2^-60', () => {
  for (let sites = 129; sites <= 10_000; sites = Math.ceil(sites * 1.2)) {
    expect(assuranceOf(fears(sites)).log2Broken.active).toBeLessThanOrEqual(-60);
  }
});

test('the union over groups is over every group once', () => {
  const { log2Broken, log2Lost } = assuranceOf(fears(1000));
  // Ten groups of 100: the union is ten times the chance of one.
  expect(log2Lost.any - log2Lost.group).toBeCloseTo(Math.log2(10), 9);
  expect(log2Broken.active).toBeCloseTo(-60.3, 1);
  // Never more than surely.
  expect(assuranceOf(fears(10_000, { robust })).log2Broken.active).toBe(0);
});

test('what is too unlikely for a double is not called impossible', () => {
  // It takes 48 in one group of a hundred, 2 * 74 - 100.
  const corruptFraction = 48 / 10_000;
  const { log2Broken } = assuranceOf(fears(10_000, { corruptFraction }));
  expect(log2Broken.active).toBeLessThan(-300);
  expect(log2Broken.active).toBeGreaterThan(-Infinity);
  const fewer = assuranceOf(fears(10_000, { corruptFraction: 47 / 10_000 }));
  expect(fewer.log2Broken.active).toBe(-Infinity);
});

test('the groups that sites draw are spoilt and lost as often as counted', () => {
  const cohort = Array.from({ length: 300 }, (_, index) => siteIdOf(index)).sort();
  const [corrupt, lost] = [new Set(cohort.slice(0, 15)), new Set(cohort.slice(100, 130))];
  let [groups, spoilt, closed] = [0, 0, 0];
  for (let round = 1; round <= 100; round++) {
    for (const group of groupsOf({ seed: new Uint8Array(32).fill(3), round, groupSize: 8 }, cohort)) {
      const left = group.filter((siteId) => !lost.has(siteId)).length;
      groups++;
      if (group.some((siteId) => corrupt.has(siteId))) spoilt++;
      if (group.length === 8 && left < groupParameters(8).minimumSurvivors) closed++;
    }
  }
  const { spoiling, log2Lost } = assuranceOf(
    fears(300, { robust: { ...robust, groupSize: 8 }, corruptFraction: 0.05, lostFraction: 0.1 }),
  );
  // 3,700 groups, 3,300 of them of eight sites; the bounds are four standard deviations.
  expect(Math.abs(spoilt / groups - spoiling!.ofSites.share)).toBeLessThan(0.032);
  expect(Math.abs(closed / 3300 - 2 ** log2Lost.group)).toBeLessThan(0.016);
});

test('a plan that needs more survivors, for its noise, can lose fewer before masking ends', () => {
  const [group] = assuranceOf(fears(10, { minimumSurvivors: 9 })).groups;
  expect(group).toMatchObject({ minimumSurvivors: 9, lostBeforeMaskingEnds: 1, lostAfter: 3 });
  expect(codeOf(() => assuranceOf(fears(10, { minimumSurvivors: 11 })))).toBe('too-few-sites');
});

test('elements travel in as many bits as the largest group needs', () => {
  expect(assuranceOf(fears(100)).ringBits).toBe(32);
  expect(assuranceOf(fears(129, { valueBits: 12 })).ringBits).toBe(12 + 7);
});

test('what is no cohort and no fraction is refused', () => {
  expect(codeOf(() => assuranceOf(fears(2)))).toBe('too-few-sites');
  expect(codeOf(() => assuranceOf(fears(10_001)))).toBe('too-many-sites');
  for (const fraction of [-0.1, 1.1, Number.NaN]) {
    expect(codeOf(() => assuranceOf(fears(10, { corruptFraction: fraction })))).toBe('malformed');
    expect(codeOf(() => assuranceOf(fears(10, { lostFraction: fraction })))).toBe('malformed');
  }
});

test('a flat cohort is one group, whose probabilities are those that its graph was planned with', () => {
  const { groups, log2Broken, log2Lost, ringBits } = assuranceOf(
    fears(1000, { topology: 'flat', lostFraction: 0.1, valueBits: 12 }),
  );
  expect(groups).toEqual([
    {
      groups: 1,
      sites: 1000,
      holders: 125,
      threshold: 90,
      signers: 100,
      signatures: 71,
      minimumSurvivors: 667,
      // 29 of the hundred that sign.
      lostBeforeMaskingEnds: 29,
      lostAfter: 29,
      // 90 hold enough shares; 42 of the hundred that sign could sign two lists.
      colluding: { passive: 89, active: 41 },
      mode: 'active',
    },
  ]);
  expect(log2Broken.active).toBeLessThan(-59);
  expect(log2Broken.passive).toBeLessThan(log2Broken.active);
  expect(log2Lost.any).toBeLessThan(-20);
  expect(ringBits).toBe(22);
  const worse = assuranceOf(fears(1000, { topology: 'flat', corruptFraction: 0.2, lostFraction: 0.4 }));
  expect(worse.log2Broken.active).toBeGreaterThan(log2Broken.active);
  expect(worse.log2Lost.any).toBe(0);
});

test('a small flat cohort withstands what a complete graph does', () => {
  expect(assuranceOf(fears(100, { topology: 'flat' }))).toEqual(assuranceOf(fears(100)));
});
