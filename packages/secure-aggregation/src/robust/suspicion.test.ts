import { expect, test } from 'vitest';

import { siteIdOf } from '../testing/federation.ts';
import { groupsOf } from '../topology/grouping.ts';
import { suspicionAfter, suspicionLimit, UNSUSPECTED, type Suspicion } from './suspicion.ts';

const SITES = 160;
const cohort = Array.from({ length: SITES }, (_, index) => siteIdOf(index)).sort();

/** Rounds with groups drawn anew, in which a group stands out if a spoiler acts in it, or by accident. */
function rounds(
  count: number,
  o: { readonly spoilers: readonly string[]; readonly acts: number; readonly accidents: number; readonly seed: number },
): { readonly suspicion: ReadonlyMap<string, Suspicion>; readonly found: ReadonlyMap<string, number> } {
  // Numerical Recipes' quick generator: what happens is the same at every run.
  let state = o.seed >>> 0;
  const chance = (probability: number): boolean => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state < probability * 2 ** 32;
  };
  const suspicion = new Map<string, Suspicion>();
  const found = new Map<string, number>();
  const seed = new Uint8Array(32).fill(o.seed % 256);
  for (let round = 1; round <= count; round++) {
    const groups = groupsOf({ seed, round, groupSize: 16, registered: null }, cohort).map(({ sites }) => ({
      sites,
      outlying: sites.some((site) => o.spoilers.includes(site) && chance(o.acts)) || chance(o.accidents),
    }));
    for (const [site, value] of suspicionAfter(suspicion, groups)) {
      suspicion.set(site, value);
      if (value.score > suspicionLimit(SITES) && !found.has(site)) found.set(site, round);
    }
  }
  return { suspicion, found };
}

test.each([1, 2, 3, 4, 5])('sites that spoil their groups are found, and none beside them (seed %i)', (seed) => {
  const spoilers = [siteIdOf(17), siteIdOf(90)];
  const { found } = rounds(60, { spoilers, acts: 0.9, accidents: 0.02, seed });
  expect([...found.keys()].sort()).toEqual(spoilers);
});

test('a site that spoils every second of its groups is found too', () => {
  const { found } = rounds(150, { spoilers: [siteIdOf(3)], acts: 0.5, accidents: 0.02, seed: 6 });
  expect([...found.keys()]).toEqual([siteIdOf(3)]);
});

test('accidents alone make no one suspect in 300 rounds', () => {
  const { found } = rounds(300, { spoilers: [], acts: 0, accidents: 0.1, seed: 7 });
  expect(found.size).toBe(0);
});

test('good conduct is not saved up', () => {
  const groups = (outlying: boolean) => [
    { sites: ['a'], outlying },
    ...['b', 'c', 'd', 'e'].map((site) => ({ sites: [site], outlying: false })),
  ];
  const before = new Map([['a', { score: 0, rounds: 900, outlying: 0 }]]);
  const spotless = suspicionAfter(before, groups(true)).get('a')!.score;
  expect(spotless).toBe(suspicionAfter(new Map(), groups(true)).get('a')!.score);
  expect(suspicionAfter(before, groups(false)).get('a')).toEqual({ score: 0, rounds: 901, outlying: 0 });
});

test('two groups, or a majority that stands out, say nothing', () => {
  const group = (site: string, outlying: boolean) => ({ sites: [site], outlying });
  expect(suspicionAfter(new Map([['a', UNSUSPECTED]]), [group('a', true), group('b', false)]).size).toBe(0);
  expect(suspicionAfter(new Map(), [group('a', true), group('b', true), group('c', false)]).size).toBe(0);
  expect(suspicionAfter(new Map(), [group('a', true), group('b', false), group('c', false)]).size).toBe(3);
});

test('sites in league that spoil only the groups of one honest site have it suspected, and none of them', () => {
  const victim = siteIdOf(7);
  const framed = (league: number): readonly string[] => {
    const corrupt = new Set(cohort.filter((site) => site !== victim).slice(0, league));
    const suspicion = new Map<string, Suspicion>();
    const found = new Set<string>();
    for (let round = 1; round <= 100; round++) {
      const groups = groupsOf({ seed: new Uint8Array(32).fill(9), round, groupSize: 16, registered: null }, cohort).map(
        ({ sites }) => ({
          sites,
          outlying: sites.includes(victim) && sites.some((site) => corrupt.has(site)),
        }),
      );
      for (const [site, value] of suspicionAfter(suspicion, groups)) {
        suspicion.set(site, value);
        if (value.score >= suspicionLimit(SITES)) found.add(site);
      }
    }
    return [...found];
  };
  // A hundredth of the sites is in too few of its groups; a twentieth is in every second one.
  expect(framed(2)).toEqual([]);
  expect(framed(8)).toEqual([victim]);
});
