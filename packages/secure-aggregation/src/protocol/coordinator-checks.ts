import { AggregationError } from '../errors.ts';
import { equalBytes, HASH_BYTES } from '../keys/bytes.ts';
import { SHARE_BYTES } from '../keys/secret-sharing.ts';
import type { MaskedHeader, RevealedShares, SealedShares } from '../messages.ts';
import type { Member, Roster } from './roster.ts';
import { assertBytes, type RoundContext } from './round-context.ts';
import { neighboursAmong } from './masking-graph.ts';
import type { SiteNumber } from './site-number.ts';
import type { SiteSet } from './site-set.ts';
import { SEALED_BYTES } from './site-secrets.ts';

/*
 * What the coordinator checks of a site's message besides its signature: the others must be able to use it, and a site
 * that sends nonsense is found out before anybody depends on it.
 */

/** The site with this id, if it is one of `expected`. @throws AggregationError `unknown-site` */
export function expectedMember(roster: Roster, siteId: string, expected?: SiteSet): Member {
  const member = roster.find(siteId);
  if (member && (expected?.has(member.number) ?? true)) return member;
  throw new AggregationError('unknown-site', `${siteId} is not, or no longer, in this round.`, [siteId]);
}

/** @throws AggregationError `duplicate-site` */
export function assertFirst(received: ReadonlyMap<SiteNumber, unknown>, { number, siteId }: Member): void {
  if (!received.has(number)) return;
  throw new AggregationError('duplicate-site', `${siteId} sent a second, different message.`, [siteId]);
}

/** @throws AggregationError `too-few-sites` */
export function assertEnough({ parameters }: Roster, sites: SiteSet, whatTheyDid: string): void {
  if (sites.size >= parameters.minimumSurvivors) return;
  throw new AggregationError(
    'too-few-sites',
    `${sites.size} of ${parameters.sites} sites ${whatTheyDid}; a sum needs ${parameters.minimumSurvivors}.`,
  );
}

/**
 * Every site that masked will have to be opened, a survivor for its self mask and a lost one for its pair masks with survivors;
 * and it takes a threshold of its neighbourhood to do so. Leaving the site out instead would help nobody: its neighbours, which
 * have lost nearly as many, would have too few in their turn, and so on around the ring.
 *
 * @throws AggregationError `too-few-sites`; `sites` names those that could not be opened
 */
export function assertOpenable(roster: Roster, sharingSites: SiteSet, survivors: SiteSet): void {
  const { graph, parameters } = roster;
  const closed = sharingSites.numbers.filter((site) => neighboursAmong(graph, site, survivors) < parameters.threshold);
  if (closed.length === 0) return;
  const names = roster.siteIds(closed);
  throw new AggregationError(
    'too-few-sites',
    `Of the sites around ${names.join(', ')} too many are lost; it takes ${parameters.threshold} to open one.`,
    names,
  );
}

/** @throws AggregationError `wrong-roster`, `wrong-share`, `malformed` */
export function assertSealedShares(roster: Roster, { number, siteId }: Member, message: SealedShares): void {
  assertRoster(roster, siteId, message.rosterHash);
  const receivers = roster.graph.neighbourhood(number).filter((receiver) => receiver !== number);
  const complete =
    message.shares.length === receivers.length &&
    message.shares.every(({ from, to }, index) => from === number && to === receivers[index]);
  if (!complete) {
    throw new AggregationError('wrong-share', `${siteId} did not share with each of its neighbours, in order.`, [
      siteId,
    ]);
  }
  for (const { ciphertext } of message.shares) assertBytes('sealed share', ciphertext, SEALED_BYTES);
}

/** @throws AggregationError `wrong-plan`, `wrong-roster`, `malformed` */
export function assertHeader(context: RoundContext, roster: Roster, { siteId }: Member, header: MaskedHeader): void {
  if (!equalBytes(header.planHash, context.planHash) || header.length !== context.length) {
    throw new AggregationError('wrong-plan', `${siteId} masked a vector for another plan.`, [siteId]);
  }
  assertRoster(roster, siteId, header.rosterHash);
  const chunks = header.chunkHashes.length;
  if (chunks < 1 || chunks > header.length) {
    throw new AggregationError('malformed', `${siteId} announced ${chunks} chunks for ${header.length} elements.`, [
      siteId,
    ]);
  }
  for (const hash of header.chunkHashes) assertBytes('chunk hash', hash, HASH_BYTES);
}

/**
 * Exactly one share of each neighbour in U2 and of itself, of the kind that the survivors call for.
 *
 * @throws AggregationError `wrong-share`
 */
export function assertRevealedShares(
  roster: Roster,
  { number, siteId }: Member,
  sharingSites: SiteSet,
  survivors: SiteSet,
  message: RevealedShares,
): void {
  const owners = roster.graph.neighbourhood(number).filter((owner) => sharingSites.has(owner));
  const complete =
    message.shares.length === owners.length &&
    message.shares.every(({ of, share }, index) => {
      const kind = survivors.has(of as SiteNumber) ? 'self-mask' : 'mask-key';
      return of === owners[index] && share.kind === kind && share.value.length === SHARE_BYTES;
    });
  if (complete) return;
  throw new AggregationError('wrong-share', `${siteId} did not reveal exactly the one right share of every site.`, [
    siteId,
  ]);
}

function assertRoster(roster: Roster, siteId: string, claimed: Uint8Array): void {
  if (equalBytes(roster.hash, claimed)) return;
  throw new AggregationError('wrong-roster', `${siteId} acted on another key roster than this round's.`, [siteId]);
}
