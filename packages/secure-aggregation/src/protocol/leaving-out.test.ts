import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { AggregationError } from '../errors.ts';
import { groupParameters, type GroupParameters } from '../group-parameters.ts';
import { uint32 } from '../keys/bytes.ts';
import { decodeSum, encodeUpdate, quantiserFor } from '../ring/quantiser.ts';
import { codeOf, identityOf, rejectionCodeOf, siteIdOf } from '../testing/federation.ts';
import { flatParameters, wholeRing } from '../topology/flat-cohort.ts';
import { groupsOf, type Grouping } from '../topology/grouping.ts';
import { log2Broken } from '../topology/random-groups.ts';
import { ranked } from '../topology/ranking.ts';
import { GroupedRound } from './grouped-round.ts';
import { SiteRound } from './site-round.ts';

/*
 * Attack 17 with an honest registrar: the coordinator adds no site and forges nothing. It asks those sites to a round that bring
 * its accomplices together.
 */

const seed = Number(process.env['NOREN_TEST_SEED'] ?? Date.now() % 2 ** 31);
process.stdout.write(`leaving out: NOREN_TEST_SEED=${seed}\n`);

interface Federation {
  readonly grouping: Grouping & { readonly registered: readonly string[] };
  readonly corrupt: ReadonlySet<string>;
}

/** A tenth of the sites is corrupt. Which ones does not depend on the seed. */
function federationOf(sites: number, byte: number): Federation {
  const registered = Array.from({ length: sites }, (_, index) => siteIdOf(index)).sort();
  const grouping = { seed: new Uint8Array(32).fill(byte), round: 1, groupSize: null, registered };
  return { grouping, corrupt: new Set(registered.filter((_, index) => index % 10 === 9)) };
}

/**
 * The cohort with as many accomplices as can be among `stretch` sites that stand in `width` ranks. Of the window with most of them
 * honest sites are left out until so many sites remain; before and after it, until a border between groups of a hundred falls to
 * either side.
 */
function stuffed({ grouping, corrupt }: Federation, width: number, stretch = 100): readonly string[] {
  const order = ranked('group-rank', grouping.seed, uint32(0), grouping.registered);
  const from = fullest(
    order.map((id) => corrupt.has(id)),
    width,
  );
  const [before, window, after] = [order.slice(0, from), order.slice(from, from + width), order.slice(from + width)];
  return [
    ...thinned(before, before.length % 100),
    ...thinned(window, width - stretch),
    ...thinned(after, after.length % 100),
  ].sort();

  function thinned(sites: readonly string[], leaveOut: number): readonly string[] {
    const honest = new Set(sites.filter((id) => !corrupt.has(id)).slice(0, leaveOut));
    return sites.filter((id) => !honest.has(id));
  }
}

/** Where the window with most marks begins. */
function fullest(marks: readonly boolean[], width: number): number {
  let [best, most, held] = [0, 0, 0];
  for (const [end, isMarked] of marks.entries()) {
    held += Number(isMarked) - Number(end >= width && marks[end - width]);
    if (end + 1 < width || held <= most) continue;
    [best, most] = [end + 1 - width, held];
  }
  return best;
}

/** The group with most of them, and how many. */
function worst(federation: Federation, cohort: readonly string[]): { sites: readonly string[]; corrupt: number } {
  const free = { ...federation.grouping, registered: null };
  const counted = groupsOf(free, cohort).map(({ sites }) => ({
    sites,
    corrupt: sites.filter((id) => federation.corrupt.has(id)).length,
  }));
  return counted.reduce((most, group) => (group.corrupt > most.corrupt ? group : most));
}

/** The threshold that stands a tenth of the sites in a group of a hundred if all that are absent are so by chance. */
function thresholdByChance(cohort: number): number {
  let threshold = groupParameters(100).threshold;
  while (log2Broken({ cohort, group: 100, threshold }, 0.1, 'active') > -60) threshold++;
  return threshold;
}

test('attack 17, grinding of groups: who leaves out the honest sites in between finds no group that goes on', async () => {
  const federation = federationOf(10_000, 9);
  const cohort = stuffed(federation, 560);
  const { sites, corrupt } = worst(federation, cohort);
  // Nearly all sites are there, and the threshold of chance alone, 74, is broken by far: it stands 47.
  expect(cohort.length).toBeGreaterThanOrEqual(9400);
  expect(corrupt).toBeGreaterThan(70);
  expect(thresholdByChance(10_000)).toBe(74);

  const context = {
    roundId: 'round-1',
    planHash: new Uint8Array(32).fill(7),
    length: 3,
    grouping: federation.grouping,
  };
  const floor = { minimumSites: 3, minimumThresholdFraction: 0.5 };
  const rounds = sites.map((siteId, index) =>
    SiteRound.begin({ ...context, siteId, identity: identityOf(index), floor }),
  );
  const advertisements = rounds.map((round) => round.advertise());
  const identityKeys = sites.map((_, index) => identityOf(index).publicKey);
  const honest = sites.findIndex((id) => !federation.corrupt.has(id));
  const roster = { roundId: 'round-1', advertisements, identityKeys, cohort };
  expect(await rejectionCodeOf(rounds[honest]!.share(roster))).toBe('too-few-sites');
  // An honest coordinator sees it before it asks.
  expect(codeOf(() => groupsOf(federation.grouping, cohort))).toBe('too-few-sites');
});

test('attack 17, grinding of groups: of no cohort do sites accept a group that those in league can open twice', () => {
  const attacks = fc.record({
    registered: fc.integer({ min: 300, max: 3000 }),
    byte: fc.nat(255),
    width: fc.integer({ min: 100, max: 1000 }),
  });
  const outcomes = { broken: 0, refused: 0, safe: 0 };
  const holds = fc.property(attacks, ({ registered, byte, width }) => {
    const federation = federationOf(registered, byte);
    const cohort = stuffed(federation, Math.min(width, registered));
    if (worst(federation, cohort).corrupt >= 2 * thresholdByChance(registered) - 100) outcomes.broken++;
    try {
      for (const { sites, parameters } of groupsOf(federation.grouping, cohort)) {
        const corrupt = sites.filter((id) => federation.corrupt.has(id)).length;
        expect(corrupt).toBeLessThan(2 * parameters.threshold - sites.length);
      }
      outcomes.safe++;
    } catch (error) {
      if (!(error instanceof AggregationError && error.code === 'too-few-sites')) throw error;
      outcomes.refused++;
    }
  });
  fc.assert(holds, { seed, numRuns: 40 });
  // The attack is one: with thresholds of chance alone many of these cohorts would be broken.
  expect(outcomes.broken).toBeGreaterThan(5);
  expect(outcomes.safe).toBeGreaterThan(5);
  expect(outcomes.refused).toBeGreaterThan(0);
});

test('attack 17, grinding of groups: nor is a cohort that is one group made up of those in league', () => {
  const federation = federationOf(1000, 4);
  const { registered } = federation.grouping;
  const honest = registered.filter((id) => !federation.corrupt.has(id));
  const accepted: number[] = [];
  for (let present = 101; present <= 128; present++) {
    const cohort = [...federation.corrupt, ...honest.slice(0, present - 100)].sort();
    const [group] = groupsOf(federation.grouping, cohort);
    // All of a hundred accomplices are there, and the complete graph's threshold would stand some forty.
    expect(2 * groupParameters(present).threshold - present).toBeLessThanOrEqual(100);
    expect(2 * group!.parameters.threshold - present).toBeGreaterThan(100);
    accepted.push(group!.parameters.threshold);
  }
  expect([accepted.at(0), accepted.at(-1)]).toEqual([101, 115]);
  expect(codeOf(() => groupsOf(federation.grouping, Array.from(federation.corrupt).sort()))).toBe('too-few-sites');
});

/** Corrupt sites of every stretch of so many in a ring. */
function corruptIn(ring: readonly string[], corrupt: ReadonlySet<string>, sites: number): readonly number[] {
  const marks = ring.map((id) => Number(corrupt.has(id)));
  let held = marks.slice(0, sites).reduce((sum, mark) => sum + mark, 0);
  return marks.map((mark, from) => {
    const before = held;
    held += marks[(from + sites) % ring.length]! - mark;
    return before;
  });
}

/** Whether the sites in league have both secrets of an honest site told, two lists signed, or the ring cut in two places. */
function isBroken(ring: readonly string[], corrupt: ReadonlySet<string>, parameters: GroupParameters): boolean {
  const { holders, threshold, signers, signatures } = parameters;
  const half = (holders - 1) / 2;
  const bothSecrets = corruptIn(ring, corrupt, holders).some((held) => held >= 2 * threshold - holders);
  const twoLists = corruptIn(ring, corrupt, signers)[0]! >= 2 * signatures - signers;
  const cuts = corruptIn(ring, corrupt, half).flatMap((held, from) => (held >= threshold - 1 - half ? [from] : []));
  const apart = cuts.some((from) => cuts.some((other) => other - from >= half && other - from <= ring.length - half));
  return bothSecrets || twoLists || apart;
}

test('attack 17, grinding of the graph: in no cohort do those in league stand so that they open a site twice, or cut the ring', () => {
  const attacks = fc.record({
    registered: fc.integer({ min: 1000, max: 3000 }),
    byte: fc.nat(255),
    widening: fc.double({ min: 1, max: 10, noNaN: true }),
  });
  const outcomes = { broken: 0, refused: 0, safe: 0 };
  const holds = fc.property(attacks, ({ registered, byte, widening }) => {
    const { grouping, corrupt } = federationOf(registered, byte);
    const stretch = flatParameters(wholeRing(registered))!.holders;
    const width = Math.min(registered, Math.round(widening * stretch));
    const cohort = stuffed({ grouping, corrupt }, width, stretch);
    const flat = { ...grouping, topology: 'flat' } as const;
    // The same ring, with what it would stand if all that are absent were so by chance.
    const byChance = groupsOf({ ...flat, registered: null }, cohort)[0]!;
    if (isBroken(byChance.ring!, corrupt, byChance.parameters)) outcomes.broken++;
    const code = codeOf(() => {
      const { ring, parameters } = groupsOf(flat, cohort)[0]!;
      expect(ring).toEqual(byChance.ring);
      expect(isBroken(ring!, corrupt, parameters)).toBe(false);
      outcomes.safe++;
    });
    if (code === 'too-few-sites') outcomes.refused++;
    else expect(code).toBeUndefined();
  });
  fc.assert(holds, { seed, numRuns: 30 });
  expect(outcomes.broken).toBeGreaterThan(3);
  expect(outcomes.safe).toBeGreaterThan(2);
  expect(outcomes.refused).toBeGreaterThan(2);
});

test('whoever of a larger roster comes sums up, though some are lost', async () => {
  const registered = Array.from({ length: 130 }, (_, index) => siteIdOf(index)).sort();
  const grouping = { seed: new Uint8Array(32).fill(2), round: 1, groupSize: null, registered };
  const context = { roundId: 'round-1', planHash: new Uint8Array(32).fill(7), length: 6, grouping };
  const floor = { minimumSites: 3, minimumThresholdFraction: 0.5 };
  const present = registered.filter((_, index) => index % 4 === 1);
  const identities = new Map(present.map((siteId, index) => [siteId, identityOf(index)]));
  const registeredIdentities = new Map(Array.from(identities, ([siteId, { publicKey }]) => [siteId, publicKey]));
  const sites = new Map(
    Array.from(identities, ([siteId, identity]) => [
      siteId,
      SiteRound.begin({ ...context, siteId, identity, floor, registeredIdentities }),
    ]),
  );
  const coordinator = GroupedRound.begin({ ...context, sites: registeredIdentities });
  for (const site of sites.values()) coordinator.advertise(site.advertise());
  const isLost = (siteId: string): boolean => present.indexOf(siteId) % 10 === 7;
  for (const [siteId, roster] of coordinator.closeKeys()) {
    coordinator.shares(siteId, await sites.get(siteId)!.share(roster));
  }
  const deliveries = coordinator.closeShares();
  const quantiser = quantiserFor({ clipNorm: 2, sites: present.length });
  for (const [siteId, delivery] of deliveries) {
    const site = sites.get(siteId)!;
    site.receiveShares(delivery);
    if (isLost(siteId)) continue;
    const { header, chunks } = site.mask(encodeUpdate(new Float32Array(4).fill(0.5), 1, quantiser));
    const sink = coordinator.beginUpload(siteId, header);
    let at = 0;
    for (const chunk of chunks) sink.chunk(at++, chunk);
    await sink.complete(chunks);
  }
  for (const [siteId, request] of coordinator.closeUploads()) {
    coordinator.confirm(siteId, sites.get(siteId)!.confirm(request));
  }
  for (const [siteId, request] of coordinator.closeConsistency()) {
    coordinator.reveal(siteId, sites.get(siteId)!.reveal(request));
  }
  const survivors = present.filter((siteId) => !isLost(siteId));
  for await (const outcome of coordinator.unmask()) {
    expect(outcome).toMatchObject({ survivors, failure: null });
    for (const value of decodeSum(outcome.sum!, quantiser).meanUpdate) expect(value).toBeCloseTo(0.5, 4);
  }
}, 60_000);
