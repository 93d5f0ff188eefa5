import { expect, test } from 'vitest';

import { groupParameters } from '../group-parameters.ts';
import { siteIdOf } from '../testing/federation.ts';
import { ABORT_BITS, FLAT_SECURITY_BITS, flatParameters, LOST_FRACTION, ringOf } from './flat-cohort.ts';
import { log2AtLeast, log2AtMost } from './hypergeometric.ts';
import { log2Sum } from './log2-sum.ts';
import { CORRUPT_FRACTION } from './random-groups.ts';
import { MAXIMUM_COHORT } from './sizes.ts';

/** Keys of one message: proto/noren/v1/secure_aggregation.proto as @noren/protocol reads it. */
const KEYS_OF_A_MESSAGE = 510;

test.each([
  [129, 52, 40, 67],
  [150, 62, 47, 67],
  [300, 92, 68, 67],
  [1000, 124, 90, 71],
  [10_000, 158, 114, 73],
])('%i sites: %i neighbours, threshold %i, %i of 100 signatures', (sites, degree, threshold, signatures) => {
  expect(flatParameters(sites)).toEqual({
    sites,
    holders: degree + 1,
    threshold,
    signers: 100,
    signatures,
    minimumSurvivors: Math.floor((2 * sites) / 3) + 1,
    mode: 'active',
  });
});

test('up to 128 sites the flat cohort is one complete group', () => {
  expect(flatParameters(128)).toEqual(groupParameters(128));
  expect(flatParameters(3)).toEqual(groupParameters(3));
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
    const { holders, threshold, signers, signatures } = flatParameters(sites);
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
      log2Sum([bothSecrets, inParts, twoLists]) <= -FLAT_SECURITY_BITS &&
      log2Sum([lost + Math.log2(sites), unsigned]) <= -ABORT_BITS;
    return !isSound || degree % 2 === 1 || holders >= sites;
  });
  expect(unsound).toEqual([]);
});

test('a site is shown no more keys than fit a message, and no fewer than seven tenths of those with shares open a secret', () => {
  for (const sites of COHORTS) {
    const { holders, signers, threshold } = flatParameters(sites);
    expect(holders + signers).toBeLessThanOrEqual(KEYS_OF_A_MESSAGE);
    expect(threshold / holders).toBeGreaterThan(0.7);
  }
});

test('another seed, or another cohort, is another ring; the same sites are always in the same', () => {
  const cohort = Array.from({ length: 300 }, (_, index) => siteIdOf(index));
  const seed = new Uint8Array(32).fill(1);
  const ring = ringOf(seed, cohort);
  expect(ringOf(seed, cohort)).toEqual(ring);
  expect([...ring].sort()).toEqual(cohort);
  expect(ringOf(new Uint8Array(32).fill(2), cohort)).not.toEqual(ring);
});

test('attack 17, grinding: who leaves out the sites between its own and another site does not bring them together', () => {
  const cohort = Array.from({ length: 300 }, (_, index) => siteIdOf(index));
  const seed = new Uint8Array(32).fill(1);
  const ring = ringOf(seed, cohort);
  const between = new Set(ring.slice(1, 100));
  const after = ringOf(
    seed,
    cohort.filter((siteId) => !between.has(siteId)),
  );
  // Left and right of site ring[0] there would now be ring[299] and ring[100].
  const place = after.indexOf(ring.at(0)!);
  const beside = [after.at(place - 1), after.at((place + 1) % after.length)];
  expect(beside).not.toContain(ring.at(100));
  expect(beside).not.toContain(ring.at(299));
});
