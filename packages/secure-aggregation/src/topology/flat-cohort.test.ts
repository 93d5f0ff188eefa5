import { expect, test } from 'vitest';

import { groupParameters } from '../group-parameters.ts';
import { siteIdOf } from '../testing/federation.ts';
import {
  ABORT_BITS,
  flatParameters,
  LOST_FRACTION,
  ringAmong,
  ringFrom,
  wholeRing,
  type CohortRing,
} from './flat-cohort.ts';
import { flatGraph } from './harary.ts';
import type { GroupParameters } from '../group-parameters.ts';
import { log2AtLeast, log2AtMost } from './hypergeometric.ts';
import { log2Sum } from './log2-sum.ts';
import { CORRUPT_FRACTION, SECURITY_BITS } from './random-groups.ts';
import { ranked, rankedCohort } from './ranking.ts';
import { MAXIMUM_COHORT } from './sizes.ts';

/** Where all registered sites take part. */
const of = (sites: number): GroupParameters => flatParameters(wholeRing(sites))!;

/** Keys of one message: proto/noren/v1/secure_aggregation.proto as @noren/protocol reads it. */
const KEYS_OF_A_MESSAGE = 510;

test.each([
  [129, 52, 40, 100, 67],
  [150, 64, 49, 100, 67],
  [300, 94, 70, 100, 67],
  [1000, 134, 98, 100, 73],
  [10_000, 170, 124, 120, 88],
])('%i sites: %i neighbours, threshold %i, of %i signers %i', (sites, degree, threshold, signers, signatures) => {
  expect(of(sites)).toEqual({
    sites,
    holders: degree + 1,
    threshold,
    signers,
    signatures,
    minimumSurvivors: Math.floor((2 * sites) / 3) + 1,
    mode: 'active',
  });
});

test('up to 128 sites the flat cohort is one complete group', () => {
  expect(of(128)).toEqual(groupParameters(128));
  expect(of(3)).toEqual(groupParameters(3));
});

/** A few of each size, and every one of the small, where the graph changes most. */
const COHORTS = Array.from({ length: 150 }, (_, index) => 129 + index).concat(
  331,
  500,
  777,
  1000,
  1999,
  3000,
  4999,
  7000,
  MAXIMUM_COHORT,
);

test('every larger cohort has a graph that its corrupt tenth neither breaks nor cuts, and that a lost tenth does not close', () => {
  const unsound = COHORTS.filter((sites) => {
    const { holders, threshold, signers, signatures } = of(sites);
    const degree = holders - 1;
    const marked = Math.floor(CORRUPT_FRACTION * sites + 1e-9);
    const corrupt = (draws: number, k: number): number => log2AtLeast({ population: sites, marked, draws }, k);
    const stays = sites - Math.floor(LOST_FRACTION * sites + 1e-9);
    const lost = log2AtMost({ population: sites, marked: stays, draws: degree }, threshold - 1);
    const bothSecrets = Math.log2(sites) + corrupt(degree, 2 * threshold - holders);
    const inParts = 2 * (Math.log2(sites) + corrupt(degree / 2, threshold - 1 - degree / 2)) - 1;
    const twoLists = corrupt(signers, 2 * signatures - signers);
    const unsigned = log2AtMost({ population: sites, marked: stays, draws: signers }, signatures - 1);
    const isSound =
      log2Sum([bothSecrets, inParts, twoLists]) <= -SECURITY_BITS &&
      log2Sum([lost + Math.log2(sites), unsigned]) <= -ABORT_BITS;
    return !isSound || degree % 2 === 1 || holders >= sites;
  });
  expect(unsound).toEqual([]);
});

test('a site is shown no more keys than fit a message, and no fewer than seven tenths of those with shares open a secret', () => {
  for (const sites of COHORTS) {
    const { holders, signers, threshold } = of(sites);
    expect(holders + signers).toBeLessThanOrEqual(KEYS_OF_A_MESSAGE);
    expect(threshold / holders).toBeGreaterThan(0.7);
  }
});

test('losses that a coordinator chooses take a higher threshold than losses by chance, which it could otherwise cut with', () => {
  const demand = {
    sites: 200,
    corruptFraction: 0.1,
    lostFraction: 0.1,
    adversary: 'active',
    securityBits: 60,
  } as const;
  const byChance = flatGraph(demand);
  const { holders, threshold } = of(200);
  expect(byChance).toEqual({ degree: 56, threshold: 39 });
  // Corrupt sites that it takes in a stretch of half the neighbours, twice around the ring (see `flatParameters`).
  const log2Stretch = (degree: number, threshold: number): number =>
    log2AtLeast({ population: 200, marked: 20, draws: degree / 2 }, threshold - 1 - degree / 2);
  const log2Places = 2 * Math.log2(200) - 1;
  expect(log2Places + 2 * log2Stretch(byChance.degree, byChance.threshold)).toBeGreaterThan(-15);
  expect(log2Places + 2 * log2Stretch(holders - 1, threshold)).toBeLessThan(-50);
});

test('the fewer of the registered sites come, the more neighbours a site has and the higher are the thresholds', () => {
  const ring = (sites: number, registered: number): CohortRing => ({
    sites,
    registered,
    widest: (count) => Math.ceil((count * registered) / sites),
  });
  const at = (sites: number): unknown => flatParameters(ring(sites, 1000));
  expect(at(1000)).toEqual(of(1000));
  expect(at(800)).toMatchObject({ holders: 145, threshold: 108, signers: 110, signatures: 81 });
  expect(at(500)).toMatchObject({ holders: 175, threshold: 137, signers: 130, signatures: 100 });
  expect(at(128)).toMatchObject({ holders: 128, threshold: 115, signers: 128, signatures: 115 });
  expect(at(100)).toBeNull();
  expect(flatParameters(ring(2000, 10_000))).toBeNull();
});

test('the sites of a cohort keep their order in the ring, and each round others sign for all', () => {
  const registered = Array.from({ length: 300 }, (_, index) => siteIdOf(index));
  const order = ranked('group-rank', new Uint8Array(32).fill(1), new Uint8Array(4), registered);
  const cohort = registered.filter((_, index) => index % 3 > 0);
  const ringIn = (round: number): readonly string[] =>
    ringFrom(rankedCohort(order, cohort), { seed: new Uint8Array(32).fill(1), round });
  const present = order.filter((siteId) => cohort.includes(siteId));
  const starts = new Set<number>();
  for (let round = 1; round <= 20; round++) {
    const ring = ringIn(round);
    const start = present.indexOf(ring[0]!);
    expect(ring).toEqual([...present.slice(start), ...present.slice(0, start)]);
    starts.add(start);
  }
  expect(starts.size).toBeGreaterThan(15);
});

test('a window of the ring goes from the last rank on to the first', () => {
  // Ranks 0, 1 and 9 of ten.
  const order = [0, 1, 9].map((rank) => ({ siteId: siteIdOf(rank), rank }));
  const { widest } = ringAmong(order, 10);
  // 9 and 0 stand side by side; 1 and 9 have seven between them.
  expect([widest(1), widest(2), widest(3)]).toEqual([1, 9, 10]);
});
