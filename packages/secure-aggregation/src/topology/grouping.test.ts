import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { groupParameters } from '../group-parameters.ts';
import { codeOf, siteIdOf } from '../testing/federation.ts';
import { flatParameters, wholeRing } from './flat-cohort.ts';
import { checkedGrouping, divisionOf, groupsOf, smallestGroup, type Grouping } from './grouping.ts';
import { log2Lost } from './random-groups.ts';

const seed = Number(process.env['NOREN_TEST_SEED'] ?? Date.now() % 2 ** 31);
process.stdout.write(`grouping properties: NOREN_TEST_SEED=${seed}\n`);

const idsOf = (count: number): string[] => Array.from({ length: count }, (_, index) => siteIdOf(index)).sort();
const groupingOf = (byte: number, groupSize: number | null = null, round = 1): Grouping => ({
  seed: new Uint8Array(32).fill(byte),
  round,
  groupSize,
  registered: null,
});
const sitesOf = (grouping: Grouping, cohort: readonly string[]): (readonly string[])[] =>
  groupsOf(grouping, cohort).map(({ sites }) => sites);

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
  expect(groupsOf(flat, idsOf(300))).toMatchObject([{ sites: idsOf(300), parameters: flatParameters(wholeRing(300)) }]);
  expect([
    smallestGroup(1000, flat),
    smallestGroup(1000, groupingOf(1)),
    smallestGroup(1000, groupingOf(1, 16)),
  ]).toEqual([1000, 64, 16]);
  expect(codeOf(() => divisionOf(10_001, flat))).toBe('too-many-sites');
});

test('groups hold every site of the cohort once', () => {
  const cohorts = fc.record({
    sites: fc.integer({ min: 3, max: 400 }),
    byte: fc.nat(255),
    groupSize: fc.option(fc.integer({ min: 4, max: 64 })),
  });
  const property = fc.property(cohorts, ({ sites, byte, groupSize }) => {
    const cohort = idsOf(sites);
    const groups = sitesOf(groupingOf(byte, groupSize), cohort);
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
    const before = sitesOf(groupingOf(byte), cohort);
    const after = sitesOf(groupingOf(byte), cohort.toSpliced(gone, 1));
    expect(after.length).toBe(before.length);
    for (const [index, group] of after.entries()) {
      expect(group.filter((siteId) => !before.at(index)!.includes(siteId)).length).toBeLessThanOrEqual(2);
    }
  });
  fc.assert(property, { seed, numRuns: 10 });
});

test('another seed draws other groups; private groups stay from round to round, robust ones do not', () => {
  const cohort = idsOf(300);
  expect(sitesOf(groupingOf(1), cohort)).not.toEqual(sitesOf(groupingOf(2), cohort));
  expect(sitesOf(groupingOf(1, null, 1), cohort)).toEqual(sitesOf(groupingOf(1, null, 2), cohort));
  expect(sitesOf(groupingOf(1, 16, 1), cohort)).not.toEqual(sitesOf(groupingOf(1, 16, 2), cohort));
});

test('who shares a group is as good as drawn: two sites meet in one of m groups', () => {
  const cohort = idsOf(160);
  let together = 0;
  const rounds = 200;
  for (let round = 1; round <= rounds; round++) {
    const groups = sitesOf(groupingOf(7, 16, round), cohort);
    const group = groups.find((members) => members.includes(cohort.at(0)!))!;
    if (group.includes(cohort.at(1)!)) together++;
  }
  // 15 of the other 159: 0.094; the bound is three standard deviations of 200 draws.
  expect(Math.abs(together / rounds - 15 / 159)).toBeLessThan(0.06);
});

test('the threshold of a part of a cohort comes from chance, that of a whole or a small group from the complete graph', () => {
  expect(groupsOf(groupingOf(1), idsOf(100))).toEqual([
    { sites: idsOf(100), parameters: groupParameters(100), ring: null },
  ]);
  const [private_] = groupsOf(groupingOf(1), idsOf(10_000));
  expect(private_!.parameters).toEqual({
    sites: 100,
    holders: 100,
    threshold: 75,
    signers: 100,
    signatures: 75,
    minimumSurvivors: 75,
    mode: 'active',
  });
  const [robust] = groupsOf(groupingOf(1, 16), idsOf(1000));
  expect(robust!.parameters).toEqual(groupParameters(16));
});

test('a roster of 128 is one complete graph, whoever comes; of one site more every group is drawn', () => {
  const parametersOf = (present: number, registered: number): unknown =>
    groupsOf({ ...groupingOf(1), registered: idsOf(registered) }, idsOf(present))[0]!.parameters;
  expect(parametersOf(20, 128)).toEqual(groupParameters(20));
  // Twelve of 129 may be corrupt, and all of them among the twenty: 2t - g is 13 at least.
  expect(parametersOf(20, 129)).toEqual({
    ...groupParameters(20),
    threshold: 17,
    signatures: 17,
    minimumSurvivors: 17,
  });
  expect(codeOf(() => parametersOf(12, 129))).toBe('too-few-sites');
  const robust = { ...groupingOf(1, 4), registered: idsOf(129) };
  expect(groupsOf(robust, idsOf(4))[0]!.parameters).toEqual(groupParameters(4));
});

test('whoever is away, the others keep their order', () => {
  const registered = idsOf(400);
  const property = fc.property(fc.nat(255), fc.subarray(registered, { minLength: 250 }), (byte, cohort) => {
    const grouping = groupingOf(byte);
    expect(sitesOf({ ...grouping, registered }, cohort)).toEqual(sitesOf(grouping, cohort));
  });
  fc.assert(property, { seed, numRuns: 20 });
});

test('where six tenths and more of the registered sites come by chance, groups are formed and stand a twentieth lost', () => {
  const rosters = fc.record({
    registered: fc.integer({ min: 129, max: 3000 }),
    present: fc.double({ min: 0.6, max: 1, noNaN: true }),
    byte: fc.nat(255),
  });
  const property = fc.property(rosters, fc.infiniteStream(fc.nat()), ({ registered, present, byte }, draws) => {
    const ids = idsOf(registered);
    // Ordered by a draw of each: as many as are there by chance.
    const cohort = ids
      .map((siteId) => ({ siteId, draw: draws.next().value as number }))
      .sort((a, b) => a.draw - b.draw)
      .slice(0, Math.ceil(present * registered))
      .map(({ siteId }) => siteId)
      .sort();
    for (const { parameters } of groupsOf({ ...groupingOf(byte), registered: ids }, cohort)) {
      const group = { cohort: cohort.length, group: parameters.sites, threshold: parameters.threshold };
      expect(log2Lost(group, 0.05)).toBeLessThan(-8);
    }
  });
  fc.assert(property, { seed, numRuns: 20 });
});

test('a site that is not registered is in no group', () => {
  const registered = idsOf(200);
  for (const groupSize of [null, 16]) {
    const grouping = { ...groupingOf(1, groupSize), registered };
    expect(codeOf(() => groupsOf(grouping, [...registered, 'zz']))).toBe('unknown-identity');
  }
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
    { registered: ['b', 'a'] },
    { registered: ['a', 'a'] },
  ]) {
    expect(codeOf(() => checkedGrouping({ ...good, ...fault }))).toBe('malformed');
  }
});
