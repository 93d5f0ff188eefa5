import { decodeTranscript, parseSiteId, planQuantiser } from '@noren/protocol';
import type { PlanPrivacy, PlanTemplate, RoundPlan } from '@noren/protocol';
import { addNoise, encodeNoisySum, encodeUpdate, RemovalThreads } from '@noren/secure-aggregation';
import type { GroupOutcome } from '@noren/secure-aggregation';
import { beforeEach, describe, expect, test } from 'vitest';

import { BlobStore } from '../blobs/blob-store.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { testPlan } from '../testing/lineage.ts';
import { freshNoise } from './coordinator-noise.ts';
import { keptMean, openSum } from './opening.ts';
import type { OpenedSum } from './opening.ts';
import type { SumReading } from './group-sum.ts';
import { privateQuantiser } from './private-sum.ts';

const LENGTH = 4000;
const SITES_PER_GROUP = 4;
const yieldTurn = (): Promise<void> => Promise.resolve();
let blobs: BlobStore;

beforeEach(async () => {
  blobs = await BlobStore.open(await temporaryFolder());
});

function reading(change: Partial<PlanTemplate>): SumReading {
  const plan = { ...testPlan(change), vectorLength: LENGTH } as RoundPlan;
  return { plan, planHash: new Uint8Array(32).fill(9), ringSites: SITES_PER_GROUP, yieldTurn };
}

/** The opened sum of a group whose sites all have this update; a negative one spoils it. */
function groupOf(
  index: number,
  update: Float32Array,
  { plan, planHash, ringSites }: SumReading,
  count: number | null = null,
): GroupOutcome {
  const sites = Array.from({ length: SITES_PER_GROUP }, (_, site) => parseSiteId(`shop-${index}-${site}`));
  const { privacy } = plan;
  const vectors = sites.map(() => {
    if (privacy == null) return encodeUpdate(update, 1, planQuantiser(plan, planHash, ringSites));
    const quantiser = privateQuantiser(plan, privacy, ringSites);
    const elements = encodeNoisySum({ vector: update, count }, quantiser);
    // The noise's own law is tested where it is drawn.
    addNoise(elements, new Int32Array(LENGTH).fill(quantiser.siteNoise));
    return elements;
  });
  const sum = new Int32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) vector.forEach((value, at) => (sum[at] = (sum[at] ?? 0) + value));
  return { sites, survivors: sites, sum, failure: null, falseWitnesses: [], transcript: transcriptOf(sites, true) };
}

function lostGroup(index: number): GroupOutcome {
  const sites = [parseSiteId(`shop-${index}-0`)];
  const failure = { code: 'abandoned', reason: 'too few masked updates arrived' } as const;
  return { sites, survivors: [], sum: null, failure, falseWitnesses: [], transcript: transcriptOf(sites, false) };
}

function transcriptOf(sites: readonly string[], opened: boolean): GroupOutcome['transcript'] {
  const hash = new Uint8Array(32);
  const group = { roundId: 'round-1', planHash: hash, rosterHash: hash, opened };
  const listed = sites.map((siteId) => ({ siteId, keys: hash }));
  return { ...group, sites: listed, shares: [], vectors: [], witnesses: [], reveals: [] };
}

function open(outcomes: readonly GroupOutcome[], how: SumReading): Promise<OpenedSum> {
  async function* opened(): AsyncGenerator<GroupOutcome, void, undefined> {
    for (const outcome of outcomes) yield await Promise.resolve(outcome);
  }
  return openSum({ open: opened, bytesUp: 77 }, new RemovalThreads({ cores: 1 }), blobs, how, freshNoise);
}

const constant = (value: number): Float32Array => new Float32Array(LENGTH).fill(value);

const privacy: PlanPrivacy = {
  unit: 'customer',
  mode: 'distributed',
  clipNorm: 1,
  noiseMultiplier: 0.1,
  samplingRate: 0.1,
  customers: 1000,
  delta: 1e-5,
  minimumHonest: 3,
  colluding: 0,
  sitesPerCustomer: 1,
  homes: null,
};

const plans: [string, Partial<PlanTemplate>][] = [
  ['private', {}],
  ['rotated', { update: { clipNorm: 1, maximumWeight: 100, rotation: true, valueBits: 14 } }],
  ['of medians', { aggregation: { profile: 'robust', groupSize: 4, combine: 'median' } }],
  ['of trimmed means', { aggregation: { profile: 'robust', groupSize: 4, combine: 'trimmed-mean' } }],
  ['of geometric medians', { aggregation: { profile: 'robust', groupSize: 4, combine: 'geometric-median' } }],
  ['differentially private', { privacy, update: { clipNorm: 20, maximumWeight: 1 } }],
];

test.each(plans)(
  'what is read again of the kept sums of a round %s is what was opened, bit for bit',
  async (_, change) => {
    const how = reading(change);
    const groups = [0.004, 0.005, 0.007].map((value, index) => groupOf(index, constant(value), how));
    const { evidence, meanUpdate } = await open(groups, how);
    expect(evidence.groups).toHaveLength(3);
    expect(await keptMean(evidence, 12, blobs, how)).toEqual(meanUpdate);
  },
);

test('what each sum rests on is kept beside it, of a group without a sum, too', async () => {
  const how = reading({});
  const two = await open([groupOf(0, constant(0.004), how), lostGroup(1)], how);
  expect(two.evidence.transcript).toBeUndefined();
  const hashes = two.evidence.groups?.map(({ transcript }) => transcript) ?? [];
  const read = await Promise.all(hashes.map(async (hash) => decodeTranscript(await blobs.read(hash!))));
  expect(read.map(({ opened, sites }) => [opened, sites[0]?.siteId])).toEqual([
    [true, 'shop-0-0'],
    [false, 'shop-1-0'],
  ]);
  const one = await open([groupOf(0, constant(0.004), how)], how);
  expect(one.evidence.transcript).toBe(hashes[0]);
});

test('a differentially private round adds its groups up, each with its noise, over all customers', async () => {
  const how = reading({ privacy, update: { clipNorm: 20, maximumWeight: 1 } });
  const { meanUpdate, evidence } = await open([groupOf(0, constant(0.1), how), groupOf(1, constant(0.2), how)], how);
  const { siteNoise, scale } = privateQuantiser(how.plan, privacy, SITES_PER_GROUP);
  const expected = (4 * (0.1 + 0.2) + (8 * siteNoise) / scale) / 100;
  for (const value of meanUpdate) expect(value).toBeCloseTo(expected, 3);
  expect(evidence).toMatchObject({ weight: 8, clipped: 0, groups: [{ outlying: null }, { outlying: null }] });
});

test('where the clip norm adapts, the counts of all groups that are in the result are one', async () => {
  const clipping = { quantile: 0.5, learningRate: 1, countNoise: 5, minimum: 0.1, maximum: 2 };
  const counting: PlanPrivacy = { ...privacy, clipping: { kind: 'adaptive', ...clipping } };
  const how = reading({ privacy: counting, update: { clipNorm: 20, maximumWeight: 1 } });
  const outcomes = [10, -5].map((count, index) => groupOf(index, constant(0.1), how, count));
  const { evidence } = await open([...outcomes, lostGroup(2)], how);
  // Four sites each: 20 more than half of the hundred that are expected.
  expect(evidence.clipping?.unclipped).toBeCloseTo(0.7, 3);
  expect(evidence.clipping?.clipNorm).toBeCloseTo(Math.exp(-0.2), 3);
});

describe('a group stays out of the result', () => {
  test('that came to no sum; the others’ mean is by weight', async () => {
    const how = reading({});
    const { evidence, meanUpdate } = await open([groupOf(0, constant(0.004), how), lostGroup(1)], how);
    for (const value of meanUpdate) expect(value).toBeCloseTo(0.004, 4);
    expect(evidence.groups).toMatchObject([
      { fault: null },
      { sum: null, fault: 'too few masked updates arrived', outlying: null },
    ]);
  });

  test('whose sum no honest sites can have made', async () => {
    const how = reading({});
    const spoilt = groupOf(1, constant(0.004), how);
    spoilt.sum?.fill(2 ** 30, 0, LENGTH);
    const groups = [groupOf(0, constant(0.004), how), spoilt, groupOf(2, constant(0.004), how)];
    const { evidence, meanUpdate } = await open(groups, how);
    for (const value of meanUpdate) expect(value).toBeCloseTo(0.004, 4);
    expect(evidence.groups?.[1]).toMatchObject({ norm: null, fault: expect.stringContaining('is unsound') as unknown });
  });

  test('and in a robust round it is held against its sites', async () => {
    const how = reading({ aggregation: { profile: 'robust', groupSize: 4, combine: 'median' } });
    const outcomes = [0.004, 0.004, -0.004, 0.004].map((value, index) => groupOf(index, constant(value), how));
    const { evidence } = await open([...outcomes, lostGroup(4)], how);
    expect(evidence.groups?.map(({ outlying }) => outlying)).toEqual([false, false, true, false, false]);
  });

  test('but of groups that contradict each other half and half none is believed', async () => {
    const how = reading({ aggregation: { profile: 'robust', groupSize: 4, combine: 'median' } });
    const bad = [0.004, 0.004, 0.01, 0.01].map((value, index) => groupOf(index, constant(value), how));
    for (const { sum } of bad.slice(2)) sum?.fill(2 ** 30, 0, LENGTH);
    await expect(open(bad, how)).rejects.toThrow(/4 were opened and 2 are sound; it takes 3 and most of them/);
  });
});
