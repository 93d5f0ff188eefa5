import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { groupParameters } from '../group-parameters.ts';
import { codeOf, siteIdOf } from '../testing/federation.ts';
import { flatParameters } from './flat-cohort.ts';
import { checkedGrouping, divisionOf, groupsOf, parametersWithin, smallestGroup, type Grouping } from './grouping.ts';

const seed = Number(process.env['NOREN_TEST_SEED'] ?? Date.now() % 2 ** 31);
process.stdout.write(`grouping properties: NOREN_TEST_SEED=${seed}\n`);

const idsOf = (count: number): string[] => Array.from({ length: count }, (_, index) => siteIdOf(index)).sort();
const groupingOf = (byte: number, groupSize: number | null = null, round = 1): Grouping => ({
  seed: new Uint8Array(32).fill(byte),
  round,
  groupSize,
});

test.each([
  [3, 1],
  [128, 1],
  [129, 2],
  [249, 2],
  [250, 3],
  [1000, 10],
  [10_000, 100],
])('%i sites are %i private group(s)', (cohort, groups) => {
  expect(divisionOf(cohort, { groupSize: null }).groups).toBe(groups);
});

test('every cohort is divided into groups of 64 .. 128, or of the robust size and more, that differ by one at most', () => {
  const cohorts = Array.from({ length: 10_000 }, (_, index) => index + 1);
  const wrong = cohorts.filter((cohort) => {
    const { groups, largest } = divisionOf(cohort, { groupSize: null });
    const robust = Math.floor(cohort / divisionOf(cohort, { groupSize: 16 }).groups);
    return largest > 128 || (groups > 1 && cohort < 64 * groups) || (cohort >= 16 && robust < 16);
  });
  expect(wrong).toEqual([]);
  expect(codeOf(() => divisionOf(10_001, { groupSize: null }))).toBe('too-many-sites');
});

test('a flat cohort is one group, whatever its size', () => {
  const flat = { ...groupingOf(1), topology: 'flat' } as const;
  expect(checkedGrouping(flat)).toEqual(flat);
  expect(divisionOf(10_000, flat)).toEqual({ groups: 1, largest: 10_000 });
  expect(groupsOf(flat, idsOf(300))).toEqual([idsOf(300)]);
  expect(parametersWithin(300, 300, flat)).toEqual(flatParameters(300));
  expect([
    smallestGroup(1000, flat),
    smallestGroup(1000, groupingOf(1)),
    smallestGroup(1000, groupingOf(1, 16)),
  ]).toEqual([1000, 64, 16]);
  expect(codeOf(() => divisionOf(10_001, flat))).toBe('too-many-sites');
});

test('groups hold every site of the cohort once', () => {
  const cohorts = fc.record({
    sites: fc.integer({ min: 1, max: 400 }),
    byte: fc.nat(255),
    groupSize: fc.option(fc.integer({ min: 4, max: 64 })),
  });
  const property = fc.property(cohorts, ({ sites, byte, groupSize }) => {
    const cohort = idsOf(sites);
    const groups = groupsOf(groupingOf(byte, groupSize), cohort);
    const { groups: count, largest } = divisionOf(sites, { groupSize });
    expect(groups.length).toBe(count);
    expect(Math.max(...groups.map((group) => group.length))).toBe(largest);
    expect(Math.min(...groups.map((group) => group.length))).toBe(Math.floor(sites / count));
    expect(groups.flat().sort()).toEqual(cohort);
    for (const group of groups) expect(group).toEqual(group.toSorted());
  });
  fc.assert(property, { seed, numRuns: 40 });
});

test('a site more or less moves two sites of any group at most', () => {
  const cohort = idsOf(390);
  const property = fc.property(fc.nat(255), fc.nat(389), (byte, gone) => {
    const before = groupsOf(groupingOf(byte), cohort);
    const after = groupsOf(groupingOf(byte), cohort.toSpliced(gone, 1));
    expect(after.length).toBe(before.length);
    for (const [index, group] of after.entries()) {
      expect(group.filter((siteId) => !before.at(index)!.includes(siteId)).length).toBeLessThanOrEqual(2);
    }
  });
  fc.assert(property, { seed, numRuns: 10 });
});

test('another seed draws other groups; private groups stay from round to round, robust ones do not', () => {
  const cohort = idsOf(300);
  expect(groupsOf(groupingOf(1), cohort)).not.toEqual(groupsOf(groupingOf(2), cohort));
  expect(groupsOf(groupingOf(1, null, 1), cohort)).toEqual(groupsOf(groupingOf(1, null, 2), cohort));
  expect(groupsOf(groupingOf(1, 16, 1), cohort)).not.toEqual(groupsOf(groupingOf(1, 16, 2), cohort));
});

test('who shares a group is as good as drawn: two sites meet in one of m groups', () => {
  const cohort = idsOf(160);
  let together = 0;
  const rounds = 200;
  for (let round = 1; round <= rounds; round++) {
    const groups = groupsOf(groupingOf(7, 16, round), cohort);
    const group = groups.find((members) => members.includes(cohort.at(0)!))!;
    if (group.includes(cohort.at(1)!)) together++;
  }
  // 15 of the other 159: 0.094; the bound is three standard deviations of 200 draws.
  expect(Math.abs(together / rounds - 15 / 159)).toBeLessThan(0.06);
});

test('the threshold of a part of a cohort comes from chance, that of a whole or a small group from the complete graph', () => {
  expect(parametersWithin(100, 100, { groupSize: null })).toEqual(groupParameters(100));
  expect(parametersWithin(100, 10_000, { groupSize: null })).toEqual({
    sites: 100,
    holders: 100,
    threshold: 74,
    signers: 100,
    signatures: 74,
    minimumSurvivors: 74,
    mode: 'active',
  });
  expect(parametersWithin(16, 1000, { groupSize: 16 })).toEqual(groupParameters(16));
});

test('what cannot be a grouping is refused', () => {
  const good = groupingOf(1, 16);
  expect(checkedGrouping(good)).toEqual({ ...good, topology: 'groups' });
  for (const fault of [
    { seed: new Uint8Array(31) },
    { round: 0 },
    { round: 2 ** 32 },
    { groupSize: 3 },
    { groupSize: 65 },
    { topology: 'flat' as const },
  ]) {
    expect(codeOf(() => checkedGrouping({ ...good, ...fault }))).toBe('malformed');
  }
});
