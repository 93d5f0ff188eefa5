import { expect, test } from 'vitest';

import { groupParameters } from '../group-parameters.ts';
import { codeOf, siteIdOf } from '../testing/federation.ts';
import { assuranceOf, type Fears } from './assurance.ts';
import { groupsOf } from './grouping.ts';
import { ranked } from './ranking.ts';

const fears = (sites: number, change: Partial<Fears> = {}): Fears => ({
  sites,
  registered: sites,
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
      window: 65,
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
      window: 64,
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
  expect(assuranceOf(fears(10_000)).groups).toMatchObject([{ groups: 100, sites: 100, window: 100, threshold: 75 }]);
  expect(assuranceOf(fears(1000, { robust })).groups).toMatchObject([
    { groups: 8, sites: 17, window: null, threshold: 12 },
    { groups: 54, sites: 16, threshold: 11 },
  ]);
});

test('a tenth of the registered sites breaks no cohort of private groups but with 2^-50, whoever is left out', () => {
  for (let registered = 129; registered <= 10_000; registered = Math.ceil(registered * 1.7)) {
    for (const present of [1, 0.8, 0.6]) {
      const { log2Broken, log2BrokenByChoice } = assuranceOf(fears(Math.ceil(registered * present), { registered }));
      expect(log2Broken.active).toBeLessThanOrEqual(-50);
      expect(log2BrokenByChoice).toBeLessThanOrEqual(-50);
    }
  }
});

test('the fewer of the registered sites come, the wider a group’s window, and the higher its threshold', () => {
  const at = (sites: number): unknown => assuranceOf(fears(sites, { registered: 1000 })).groups[0];
  expect(at(1000)).toMatchObject({ sites: 100, window: 100, threshold: 73 });
  expect(at(700)).toMatchObject({ sites: 100, window: 171, threshold: 79 });
  expect(at(400)).toMatchObject({ sites: 100, window: 310, threshold: 88 });
  expect(codeOf(() => at(250))).toBe('too-few-sites');
  // One graph, and it alone stands counts: nobody's choice, nobody's chance.
  const whole = assuranceOf(fears(50, { registered: 128 }));
  expect(whole).toMatchObject({ groups: [{ window: null, threshold: 34 }], corrupt: 12, log2BrokenByChoice: null });
  expect(codeOf(() => assuranceOf(fears(50, { registered: 49 })))).toBe('malformed');
});

test('a group’s window is no wider than said, but in one drawing of a thousand', () => {
  const registered = Array.from({ length: 600 }, (_, index) => siteIdOf(index)).sort();
  const { window } = assuranceOf(fears(400, { registered: 600 })).groups[0]!;
  const widths: number[] = [];
  for (let drawing = 0; drawing < 100; drawing++) {
    // Present by chance, and ranked by chance: the first 400 of one order, cut in another.
    const seedOf = (byte: number): Uint8Array => new Uint8Array(32).fill(drawing).fill(byte, 0, 1);
    const cohort = new Set(ranked('present', seedOf(1), new Uint8Array(4), registered).slice(0, 400));
    const order = ranked('group', seedOf(2), new Uint8Array(4), registered);
    const ranks = order.flatMap((siteId, rank) => (cohort.has(siteId) ? [rank] : []));
    for (let from = 0; from < 400; from += 100) widths.push(ranks[from + 99]! - ranks[from]! + 1);
  }
  // 400 groups, of which one in four thousand is wider.
  expect(widths.filter((width) => width > window!).length).toBeLessThanOrEqual(2);
  expect(Math.max(...widths)).toBeGreaterThan(window! - 25);
});

test('the union over groups is over every group once', () => {
  const { log2Broken, log2Lost } = assuranceOf(fears(1000));
  // Ten groups of 100: the union is ten times the chance of one.
  expect(log2Lost.any - log2Lost.group).toBeCloseTo(Math.log2(10), 9);
  expect(log2Broken.active).toBeCloseTo(-74.6, 0);
  // Never more than surely.
  expect(assuranceOf(fears(10_000, { robust })).log2Broken.active).toBe(0);
});

test('what is too unlikely for a double is not called impossible', () => {
  // It takes 50 in one group of a hundred, 2 * 75 - 100.
  const corruptFraction = 50 / 10_000;
  const { log2Broken } = assuranceOf(fears(10_000, { corruptFraction }));
  expect(log2Broken.active).toBeLessThan(-300);
  expect(log2Broken.active).toBeGreaterThan(-Infinity);
  const fewer = assuranceOf(fears(10_000, { corruptFraction: 49 / 10_000 }));
  expect(fewer.log2Broken.active).toBe(-Infinity);
});

test('the groups that sites draw are spoilt and lost as often as counted', () => {
  const cohort = Array.from({ length: 300 }, (_, index) => siteIdOf(index)).sort();
  const [corrupt, lost] = [new Set(cohort.slice(0, 15)), new Set(cohort.slice(100, 130))];
  let [groups, spoilt, closed] = [0, 0, 0];
  for (let round = 1; round <= 100; round++) {
    const grouping = { seed: new Uint8Array(32).fill(3), round, groupSize: 8, registered: null };
    for (const { sites: group } of groupsOf(grouping, cohort)) {
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
      window: 135,
      holders: 135,
      threshold: 98,
      signers: 100,
      signatures: 73,
      minimumSurvivors: 667,
      // 27 of the hundred that sign.
      lostBeforeMaskingEnds: 27,
      lostAfter: 27,
      // 98 hold enough shares; 46 of the hundred that sign could sign two lists.
      colluding: { passive: 97, active: 45 },
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
