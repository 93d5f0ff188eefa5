import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { AggregationError } from '../errors.ts';
import { RemovalInTurns, type MaskRemoval } from '../masks/mask-removal.ts';
import type { KeyAdvertisement, KeyRoster } from '../messages.ts';
import { decodeSum, encodeUpdate, quantiserFor } from '../ring/quantiser.ts';
import { codeOf, identityOf, rejectionCodeOf, siteIdOf } from '../testing/federation.ts';
import { groupsOf, type Grouping } from '../topology/grouping.ts';
import { GroupedRound, type GroupOutcome } from './grouped-round.ts';
import { SiteRound, type SiteRoundOptions } from './site-round.ts';

const LENGTH = 12;
const SEED: Grouping = { seed: new Uint8Array(32).fill(5), round: 3, groupSize: null, registered: null };

const sitesOf = (grouping: Grouping, cohort: readonly string[]): (readonly string[])[] =>
  groupsOf(grouping, cohort).map(({ sites }) => sites);

class DividedFederation {
  readonly context: Pick<SiteRoundOptions, 'roundId' | 'planHash' | 'length' | 'valueBits' | 'grouping'>;
  readonly coordinator: GroupedRound;
  readonly sites: ReadonlyMap<string, SiteRound>;

  constructor(count: number, grouping: Grouping, override: Partial<SiteRoundOptions> = {}, valueBits?: number) {
    this.context = {
      roundId: 'round-1',
      planHash: new Uint8Array(32).fill(7),
      length: LENGTH + 2,
      valueBits,
      grouping,
    };
    const floor = { minimumSites: 3, minimumThresholdFraction: 0.5 };
    const ids = Array.from({ length: count }, (_, index) => siteIdOf(index));
    this.sites = new Map(
      ids.map((siteId, index) => [
        siteId,
        SiteRound.begin({ ...this.context, siteId, identity: identityOf(index), floor, ...override }),
      ]),
    );
    const sites = new Map(ids.map((siteId, index) => [siteId, identityOf(index).publicKey]));
    this.coordinator = GroupedRound.begin({ ...this.context, sites });
  }

  advertise(): readonly KeyAdvertisement[] {
    const advertisements = Array.from(this.sites.values(), (site) => site.advertise());
    for (const advertisement of advertisements) this.coordinator.advertise(advertisement);
    return advertisements;
  }
}

/** How far a site gets before it is lost. */
const STAGES = ['keys', 'shares', 'upload', 'confirmation', 'all'] as const;
type Stage = (typeof STAGES)[number];

interface Scenario {
  readonly groupSize: number;
  readonly reaches: readonly Stage[];
  readonly weights: readonly number[];
  readonly chunkLength: number;
  readonly valueBits: number | undefined;
}

const scenarios: fc.Arbitrary<Scenario> = fc.integer({ min: 8, max: 16 }).chain((sites) =>
  fc.record({
    groupSize: fc.integer({ min: 4, max: 5 }),
    reaches: fc.array(
      fc.oneof(
        { arbitrary: fc.constant<Stage>('all'), weight: 4 },
        { arbitrary: fc.constantFrom(...STAGES), weight: 1 },
      ),
      { minLength: sites, maxLength: sites },
    ),
    weights: fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: sites, maxLength: sites }),
    chunkLength: fc.integer({ min: 1, max: LENGTH + 3 }),
    valueBits: fc.option(fc.integer({ min: 8, max: 24 }), { nil: undefined }),
  }),
);

/** Plays a round; the groups' outcomes and the quantised vectors of every site that uploaded. */
async function play(
  scenario: Scenario,
  maskRemoval?: MaskRemoval,
): Promise<{ readonly outcomes: readonly GroupOutcome[]; readonly vectors: ReadonlyMap<string, Int32Array> } | null> {
  const { groupSize, reaches, weights, chunkLength, valueBits } = scenario;
  const federation = new DividedFederation(reaches.length, { ...SEED, groupSize }, {}, valueBits);
  const { coordinator, sites } = federation;
  const stageOf = new Map(Array.from(sites.keys(), (siteId, index) => [siteId, STAGES.indexOf(reaches.at(index)!)]));
  const past = (siteId: string, stage: Stage): boolean => stageOf.get(siteId)! > STAGES.indexOf(stage);
  federation.advertise();
  const vectors = new Map<string, Int32Array>();
  try {
    for (const [siteId, roster] of coordinator.closeKeys()) {
      if (past(siteId, 'keys')) coordinator.shares(siteId, await sites.get(siteId)!.share(roster));
    }
    for (const [siteId, delivery] of coordinator.closeShares()) {
      const site = sites.get(siteId)!;
      site.receiveShares(delivery);
      if (!past(siteId, 'shares')) continue;
      const index = Array.from(sites.keys()).indexOf(siteId);
      const quantiser = quantiserFor({ clipNorm: 2, sites: site.ringSites!, valueBits });
      const update = Float32Array.from({ length: LENGTH }, (_, i) => Math.sin(index * 7 + i * i));
      const vector = encodeUpdate(update, weights.at(index)!, quantiser);
      vectors.set(siteId, vector.slice());
      const { header, chunks } = site.mask(vector, chunkLength);
      const sink = coordinator.beginUpload(siteId, header);
      let at = 0;
      for (const chunk of chunks) sink.chunk(at++, chunk);
      await sink.complete(chunks);
    }
    for (const [siteId, request] of coordinator.closeUploads()) {
      if (past(siteId, 'upload')) coordinator.confirm(siteId, sites.get(siteId)!.confirm(request));
    }
    for (const [siteId, request] of coordinator.closeConsistency()) {
      if (past(siteId, 'confirmation')) coordinator.reveal(siteId, sites.get(siteId)!.reveal(request));
    }
  } catch (error) {
    if (error instanceof AggregationError && (error.code === 'too-few-sites' || error.code === 'unconfirmed'))
      return null;
    throw error;
  }
  const outcomes: GroupOutcome[] = [];
  for await (const outcome of coordinator.unmask(undefined, maskRemoval)) outcomes.push(outcome);
  return { outcomes, vectors };
}

test('whoever is lost and whenever, what the groups give is the sum of their survivors, and lost groups spoil no other', async () => {
  const seed = Number(process.env['NOREN_TEST_SEED'] ?? Date.now() % 2 ** 31);
  process.stdout.write(`grouped sum property: NOREN_TEST_SEED=${seed}\n`);
  let [whole, partial] = [0, 0];
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    const played = await play(scenario);
    if (played === null) return;
    const { outcomes, vectors } = played;
    const summed = outcomes.filter(({ sum }) => sum !== null);
    const ringSites = Math.max(...outcomes.map(({ sites }) => sites.length));
    const quantiser = quantiserFor({ clipNorm: 2, sites: ringSites, valueBits: scenario.valueBits });
    let [weight, total] = [0, new Float64Array(LENGTH)];
    for (const { survivors, sum } of summed) {
      const expected = new Int32Array(LENGTH + 2);
      for (const siteId of survivors) vectors.get(siteId)!.forEach((value, i) => (expected[i]! += value));
      expect(sum).toEqual(expected);
      const decoded = decodeSum(sum!, quantiser);
      weight += decoded.weight;
      total = total.map((value, i) => value + decoded.meanUpdate.at(i)! * decoded.weight);
    }
    // The decoded group sums add up to the quantised updates of all survivors.
    const everybody = summed.flatMap(({ survivors }) => survivors);
    total.forEach((value, i) => {
      const quanta = everybody.reduce((sum, siteId) => sum + vectors.get(siteId)!.at(i)!, 0);
      expect(Math.abs(value * quantiser.scale - quanta)).toBeLessThanOrEqual(1e-6 * everybody.length * quantiser.scale);
    });
    expect(weight * quantiser.weightScale).toBe(
      everybody.reduce((sum, siteId) => sum + vectors.get(siteId)!.at(LENGTH)!, 0),
    );
    if (summed.length === outcomes.length) whole++;
    else if (summed.length > 0) partial++;
  });
  await fc.assert(property, { seed, numRuns: 40 });
  expect(whole).toBeGreaterThan(3);
  expect(partial).toBeGreaterThan(0);
}, 120_000);

test('a group whose masks could not be removed fails by name, and the others are opened', async () => {
  const inTurns = new RemovalInTurns();
  let sums = 0;
  const removal: MaskRemoval = {
    async remove(sum, masks) {
      if (++sums === 1) throw new AggregationError('worker-failed', 'A thread stopped.');
      return inTurns.remove(sum, masks);
    },
  };
  const everybody = { reaches: Array<Stage>(12).fill('all'), weights: Array<number>(12).fill(1), groupSize: 4 };
  const played = await play({ ...everybody, chunkLength: LENGTH, valueBits: undefined }, removal);
  expect(played!.outcomes.map(({ failure }) => failure)).toEqual([
    { code: 'worker-failed', reason: 'A thread stopped.' },
    null,
    null,
  ]);
  for (const { survivors, sum } of played!.outcomes.slice(1)) {
    const total = survivors.reduce((all, siteId) => all + played!.vectors.get(siteId)!.at(LENGTH)!, 0);
    expect(sum!.at(LENGTH)).toBe(total);
  }
});

test('a cohort of 130 is two groups of 65, and every site shares within its own', async () => {
  const federation = new DividedFederation(130, SEED, { floor: { minimumSites: 46, minimumThresholdFraction: 0.67 } });
  federation.advertise();
  const rosters = federation.coordinator.closeKeys();
  expect(new Set(rosters.values()).size).toBe(2);
  expect(federation.coordinator.groups.map(({ sites }) => sites.length)).toEqual([65, 65]);
  expect(federation.coordinator.ringSites).toBe(65);
  const siteId = siteIdOf(0);
  const sealed = await federation.sites.get(siteId)!.share(rosters.get(siteId)!);
  expect(sealed.shares.length).toBe(64);
  federation.coordinator.shares(siteId, sealed);
});

function rosterFor(
  advertisements: readonly KeyAdvertisement[],
  group: readonly string[],
  cohort: readonly string[],
): KeyRoster {
  const numbers = group.map((siteId) => advertisements.findIndex((advertisement) => advertisement.siteId === siteId));
  return {
    roundId: 'round-1',
    advertisements: numbers.map((number) => advertisements.at(number)!),
    identityKeys: numbers.map((number) => identityOf(number).publicKey),
    cohort,
  };
}

test('attack 17, grinding of groups: a site takes only the group that seed and cohort give', async () => {
  const robust = { ...SEED, groupSize: 4 };
  const registeredIdentities = new Map(Array.from({ length: 12 }, (_, i) => [siteIdOf(i), identityOf(i).publicKey]));
  const begin = (): {
    site: SiteRound;
    group: readonly string[];
    others: readonly string[];
    cohort: readonly string[];
    advertisements: readonly KeyAdvertisement[];
  } => {
    const federation = new DividedFederation(12, robust, { registeredIdentities });
    const advertisements = federation.advertise();
    const cohort = Array.from(federation.sites.keys());
    const groups = sitesOf(robust, cohort);
    const group = groups.find((members) => members.includes(siteIdOf(0)))!;
    const others = cohort.filter((siteId) => !group.includes(siteId));
    return { site: federation.sites.get(siteIdOf(0))!, group, others, cohort, advertisements };
  };
  const honest = begin();
  expect(await rejectionCodeOf(honest.site.share(rosterFor(honest.advertisements, honest.group, honest.cohort)))).toBe(
    undefined,
  );

  const exchanged = begin();
  const swapped = [siteIdOf(0), ...exchanged.others.slice(0, 3)].sort();
  const reasons = [
    // The others of its group exchanged for sites of the coordinator's choice.
    { ...exchanged, group: swapped },
    // The whole cohort in one group.
    { ...begin(), group: exchanged.cohort },
    // A cohort without one of those that are in the group.
    { ...begin(), cohort: exchanged.cohort.filter((siteId) => siteId !== exchanged.group.at(-1)) },
    // The cohort kept from the site.
    { ...begin(), group: exchanged.cohort, cohort: [] },
  ];
  for (const { site, advertisements, group, cohort } of reasons) {
    expect(await rejectionCodeOf(site.share(rosterFor(advertisements, group, cohort)))).toBe('wrong-group');
  }
});

test('attack 17, grinding of groups: sites of the coordinator’s making cannot move the borders', async () => {
  const robust = { ...SEED, groupSize: 4 };
  const registeredIdentities = new Map(Array.from({ length: 12 }, (_, i) => [siteIdOf(i), identityOf(i).publicKey]));
  const federation = new DividedFederation(12, robust, { registeredIdentities });
  const advertisements = federation.advertise();
  const own = Array.from(federation.sites.keys());
  const groupWith = (invented: readonly string[]): readonly string[] =>
    sitesOf(robust, [...own, ...invented]).find((members) => members.includes(siteIdOf(0)))!;
  const honest = groupWith([]);
  // Ids are ground until site 0 has other company, all of it real.
  const grind = (attempt: number): readonly string[] => {
    const invented = [1, 2, 3, 4].map((k) => `zz-${attempt}-${k}`);
    const group = groupWith(invented);
    const suits = group.every((siteId) => own.includes(siteId)) && group.some((siteId) => !honest.includes(siteId));
    return suits ? invented : grind(attempt + 1);
  };
  const invented = grind(0);
  const roster = rosterFor(advertisements, groupWith(invented), [...own, ...invented]);
  expect(await rejectionCodeOf(federation.sites.get(siteIdOf(0))!.share(roster))).toBe('unknown-identity');
});

test('attack 17, grinding of groups: nor can sites be left out until a site has the company that suits', async () => {
  const robust = { ...SEED, groupSize: 4 };
  const registeredIdentities = new Map(Array.from({ length: 16 }, (_, i) => [siteIdOf(i), identityOf(i).publicKey]));
  const won = [siteIdOf(3), siteIdOf(7), siteIdOf(11)];
  // The least cohorts that the seed divides so that site 0 is alone with three that were won over.
  const others = Array.from(registeredIdentities.keys()).filter((id) => id !== siteIdOf(0) && !won.includes(id));
  const cohorts = Array.from({ length: 2 ** others.length }, (_, left) => others.filter((_id, at) => (left >> at) & 1))
    .map((honest) => [siteIdOf(0), ...won, ...honest].sort())
    .filter((cohort) => cohort.length >= 8)
    .filter((cohort) => {
      const group = sitesOf(robust, cohort).find((members) => members.includes(siteIdOf(0)))!;
      return group.length === 4 && won.every((siteId) => group.includes(siteId));
    });
  const ground = cohorts.toSorted((a, b) => b.length - a.length)[0]!;
  const group = sitesOf(robust, ground).find((members) => members.includes(siteIdOf(0)))!;
  expect(ground.length).toBeLessThan(16);
  const floor = { minimumSites: 3, minimumThresholdFraction: 0.5 };
  for (const { minimumRosterFraction, code } of [
    { minimumRosterFraction: 0, code: undefined },
    { minimumRosterFraction: (ground.length + 1) / 16, code: 'too-few-sites' },
  ]) {
    const override = { registeredIdentities, floor: { ...floor, minimumRosterFraction } };
    const federation = new DividedFederation(16, robust, override);
    const roster = rosterFor(federation.advertise(), group, ground);
    expect(await rejectionCodeOf(federation.sites.get(siteIdOf(0))!.share(roster))).toBe(code);
  }
});

test('attack 17, grinding of groups: keys, nonces, plan and round id have no part in the drawing', () => {
  const cohort = Array.from({ length: 300 }, (_, index) => siteIdOf(index)).sort();
  const drawn = sitesOf(SEED, cohort);
  const federation = new DividedFederation(4, SEED);
  federation.advertise();
  expect(sitesOf(SEED, cohort)).toEqual(drawn);
  const otherSeed = { ...SEED, seed: new Uint8Array(32).fill(6) };
  expect(sitesOf(otherSeed, cohort)).not.toEqual(drawn);
});

test('a plan that does not divide has no groups', async () => {
  const federation = new DividedFederation(12, { ...SEED, groupSize: 4 }, { grouping: undefined });
  const advertisements = federation.advertise();
  const cohort = Array.from(federation.sites.keys());
  const group = sitesOf({ ...SEED, groupSize: 4 }, cohort).find((members) => members.includes(siteIdOf(0)))!;
  const site = federation.sites.get(siteIdOf(0))!;
  expect(await rejectionCodeOf(site.share(rosterFor(advertisements, group, cohort)))).toBe('wrong-group');
});

test('more sites than a round may have, and calls out of turn, are refused', () => {
  const federation = new DividedFederation(4, SEED);
  expect(codeOf(() => federation.coordinator.closeShares())).toBe('wrong-state');
  expect(codeOf(() => federation.coordinator.shares(siteIdOf(0), undefined as never))).toBe('unknown-site');
});
