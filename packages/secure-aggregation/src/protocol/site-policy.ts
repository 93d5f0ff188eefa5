import { AggregationError } from '../errors.ts';
import type { GroupParameters, SiteFloor } from '../group-parameters.ts';
import { equalBytes } from '../keys/bytes.ts';
import type { KeyAdvertisement, SurvivorWitness } from '../messages.ts';
import type { Roster } from './roster.ts';
import type { RoundContext } from './round-context.ts';
import type { SiteNumber } from './site-number.ts';
import type { SiteSet } from './site-set.ts';
import { neighboursAmong } from './masking-graph.ts';
import { keysStatement, survivorsStatement, verifyStatement } from './transcript.ts';

/*
 * What a site insists on before it goes a step further. The coordinator relays every message and is not trusted with the
 * inputs, so whatever it could gain from is checked here.
 */

/** A checked copy: compared with a NaN, every round would pass. @throws AggregationError `malformed` */
export function siteFloor({ minimumSites, minimumThresholdFraction, minimumRosterFraction = 0 }: SiteFloor): SiteFloor {
  const valid =
    Number.isSafeInteger(minimumSites) && [minimumThresholdFraction, minimumRosterFraction].every(isFraction);
  if (valid) return { minimumSites, minimumThresholdFraction, minimumRosterFraction };
  throw new AggregationError(
    'malformed',
    `A site's floor is a whole number of sites and fractions of them, not ${minimumSites}, ${minimumThresholdFraction} and ${minimumRosterFraction}.`,
  );
}

function isFraction(value: number): boolean {
  return value >= 0 && value <= 1;
}

/** The site's own number. @throws AggregationError `not-included` if it is absent or stands there with other keys */
export function findSelf(roster: Roster, own: KeyAdvertisement, identityKey: Uint8Array): SiteNumber {
  const member = roster.find(own.siteId);
  const same =
    member &&
    equalBytes(member.identityKey, identityKey) &&
    equalBytes(keysStatement(member.advertisement).bodyHash, keysStatement(own).bodyHash);
  if (same) return member.number;
  throw new AggregationError('not-included', `The roster does not list ${own.siteId} with the keys it advertised.`);
}

/** @throws AggregationError `unknown-identity` */
export function assertRegistered(roster: Roster, registered: ReadonlyMap<string, Uint8Array>): void {
  for (const { siteId, identityKey } of roster.members) {
    const known = registered.get(siteId);
    if (known && equalBytes(known, identityKey)) continue;
    const fault = known ? 'has another identity key in the round than in the registry' : 'is not registered';
    throw new AggregationError('unknown-identity', `${siteId} ${fault}.`, [siteId]);
  }
  // With ids of its own making in the cohort, a coordinator could move the borders between the groups.
  const invented = roster.cohort.filter((siteId) => !registered.has(siteId));
  if (invented.length === 0) return;
  throw new AggregationError('unknown-identity', `${invented.join(', ')} not registered.`, invented);
}

/**
 * A coordinator cannot add sites to a registrar's, but it can leave them out, until a site hides among few of its choice, or in a
 * roster that is one group is alone with those that collude. (Of larger rosters thresholds see to that: `groupsOf`.) Asked once, of all groups together: later on the group's threshold bounds
 * who may be missing, and what becomes of other groups does not change this one's sum.
 *
 * @throws AggregationError `too-few-sites`
 */
export function assertPresence(
  roster: Roster,
  registered: ReadonlyMap<string, Uint8Array>,
  { minimumRosterFraction = 0 }: SiteFloor,
): void {
  const present = roster.cohort.length;
  // 0.07 of 100 are 7, and 0.07 * 100 is a little more.
  const needed = Math.ceil(minimumRosterFraction * registered.size - 1e-9);
  if (present >= needed) return;
  throw new AggregationError(
    'too-few-sites',
    `${present} of the ${registered.size} sites that the registrar lists take part; this site goes on from ${needed}.`,
  );
}

/**
 * Sites only get fewer, so what a revealed sum needs is asked of every earlier step too: a round that is too small ends
 * before anything has been sent.
 *
 * @throws AggregationError `too-few-sites`
 */
export function assertFloor(group: GroupParameters, floor: SiteFloor, sites: number, whatTheyDid: string): void {
  const minimum = Math.max(group.threshold, group.minimumSurvivors, floor.minimumSites);
  if (sites < minimum) {
    throw new AggregationError(
      'too-few-sites',
      `${sites} site(s) ${whatTheyDid}; this site takes part from ${minimum}.`,
    );
  }
  if (group.threshold < floor.minimumThresholdFraction * group.holders) {
    throw new AggregationError(
      'too-few-sites',
      `A threshold of ${group.threshold} of ${group.holders} sites is below this site's floor of ${floor.minimumThresholdFraction}.`,
    );
  }
}

/**
 * With fewer than the threshold about it, a site can never be opened: its update would be in no sum, and the sum of the others
 * stay closed for its sake.
 *
 * @throws AggregationError `too-few-sites`
 */
export function assertNeighbourhood(
  { graph, parameters }: Roster,
  self: SiteNumber,
  sites: SiteSet,
  whatTheyDid: string,
): void {
  const left = neighboursAmong(graph, self, sites);
  if (left >= parameters.threshold) return;
  throw new AggregationError(
    'too-few-sites',
    `${left} of the ${parameters.holders} sites that hold shares of this site's secrets ${whatTheyDid}; it takes ${parameters.threshold}.`,
  );
}

/**
 * The site uploaded with exactly the masks of U2, so U3 must be a part of U2 with the site in it. Were it declared dropped,
 * the others would give out its mask key, and only its self mask, which it keeps, would still hide its vector.
 *
 * @throws AggregationError `unknown-survivor`, `declared-dropped`
 */
export function assertSurvivors(roster: Roster, self: SiteNumber, sharingSites: SiteSet, survivors: SiteSet): void {
  const unknown = survivors.numbers.filter((number) => !sharingSites.has(number));
  if (unknown.length > 0) {
    const names = roster.siteIds(unknown);
    throw new AggregationError('unknown-survivor', `${names.join(', ')} cannot have survived without sharing.`, names);
  }
  if (!survivors.has(self)) {
    const { siteId } = roster.member(self);
    throw new AggregationError('declared-dropped', `${siteId} uploaded its vector and is told that it dropped out.`, [
      siteId,
    ]);
  }
}

/**
 * In an active group enough of its signers must have signed the survivors. An honest site signs one set, and two sets of
 * signatures of more than half the signers share a site: whoever of them is honest rules the second set out.
 *
 * @throws AggregationError `malformed`, `unknown-survivor`, `unconfirmed`, `bad-signature`
 */
export function assertWitnesses(
  context: RoundContext,
  roster: Roster,
  sharingSites: SiteSet,
  survivors: SiteSet,
  witnesses: readonly SurvivorWitness[],
): void {
  const { mode, signatures } = roster.parameters;
  if (mode === 'passive') return;
  const signed = roster.sites(witnesses.map(({ site }) => site));
  const strangers = roster.siteIds(signed.numbers.filter((signer) => !survivors.has(signer)));
  if (strangers.length > 0) {
    throw new AggregationError(
      'unknown-survivor',
      `${strangers.join(', ')} signed without having survived.`,
      strangers,
    );
  }
  const { signers } = roster.graph;
  const counted = signers.filter((signer) => signed.has(signer)).length;
  if (counted < signatures || counted < signed.size) {
    throw new AggregationError(
      'unconfirmed',
      `${counted} of the ${signers.length} sites that sign have signed the survivors, ${signed.size - counted} others; nothing is revealed below ${signatures}, and others do not count.`,
    );
  }
  const statement = survivorsStatement(context.roundId, roster.hash, sharingSites, survivors);
  for (const { site, signature } of witnesses) {
    const { identityKey, siteId } = roster.member(site as SiteNumber);
    verifyStatement(identityKey, context, siteId, statement, signature);
  }
}
