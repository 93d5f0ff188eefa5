import { AggregationError } from '../errors.ts';
import { isSparse, type GroupParameters } from '../group-parameters.ts';
import { KEY_BYTES } from '../keys/agreement.ts';
import { hashFields, HASH_BYTES, hex, uint32, utf8 } from '../keys/bytes.ts';
import { PUBLIC_KEY_BYTES } from '../keys/identity.ts';
import type { KeyAdvertisement, KeyRoster } from '../messages.ts';
import { knownTo, layoutAround, type Layout } from './layout.ts';
import type { MaskingGraph } from './masking-graph.ts';
import { assertBytes, assertRound, type RoundContext } from './round-context.ts';
import type { SiteNumber } from './site-number.ts';
import { SiteSet } from './site-set.ts';
import { keysStatement, verifyStatement } from './transcript.ts';

export const NONCE_BYTES = 16;

/** A site whose advertisement has been verified. */
export interface Member {
  readonly number: SiteNumber;
  readonly siteId: string;
  readonly identityKey: Uint8Array;
  readonly advertisement: KeyAdvertisement;
}

/**
 * Checks one advertisement by itself: sizes, round, signature. (Not for keys of small order: sites find those in using
 * them, the coordinator by `assertFullOrder`.)
 *
 * @throws AggregationError `wrong-round`, `malformed`, `bad-signature`
 */
export function verifyAdvertisement(context: RoundContext, m: KeyAdvertisement, identityKey: Uint8Array): void {
  assertRound(context, m.roundId);
  assertPublicKey('channel key', m.channelKey);
  assertPublicKey('mask key', m.maskKey);
  assertBytes('self mask commitment', m.selfMaskCommitment, HASH_BYTES);
  assertBytes('nonce', m.nonce, NONCE_BYTES);
  verifyStatement(identityKey, context, m.siteId, keysStatement(m), m.signature);
}

/**
 * Sites and keys seen so far. Nothing may occur twice: one party in two seats counts twice towards a threshold, and two
 * sites with one mask key have a pair mask that a third can compute.
 */
export class KeyRegister {
  readonly #owners = new Map<string, string>();

  /** @throws AggregationError `duplicate-site`, `duplicate-key` */
  add(m: KeyAdvertisement, identityKey: Uint8Array): void {
    const values = [identityKey, m.channelKey, m.maskKey, m.selfMaskCommitment].map(hex);
    const owner = values.map((value) => this.#owners.get(value)).find((siteId) => siteId !== undefined);
    if (owner === m.siteId) {
      throw new AggregationError('duplicate-site', `${m.siteId} advertised twice.`, [m.siteId]);
    }
    if (owner !== undefined || new Set(values).size < values.length) {
      throw new AggregationError(
        'duplicate-key',
        `${m.siteId} advertised a key that ${owner ?? 'it'} already uses; every key must be fresh.`,
        [m.siteId],
      );
    }
    for (const value of values) this.#owners.set(value, m.siteId);
  }
}

/**
 * U1: the sites that mask together in ascending order of id, with the verified keys that whoever holds the roster is to know:
 * the coordinator everybody's, a site its neighbours' and the signers'. In a complete graph these are all.
 */
export class Roster {
  /** Ids of the sites that mask together, ascending; a site's number is its place here. */
  readonly ids: readonly string[];
  /** Ids of the sites of all groups, ascending; of one group alone its own. */
  readonly cohort: readonly string[];
  /** Those whose keys are known here, ascending. */
  readonly members: readonly Member[];
  readonly parameters: GroupParameters;
  readonly graph: MaskingGraph;
  /** Sites of the largest group: one width of ring and one quantiser for all, so that their sums can be added. */
  readonly ringSites: number;
  /**
   * It enters every key, so sites that saw different rosters mask apart. Of a complete graph it is over everything but the
   * signatures. On a sparse graph no site sees all keys: it is over who takes part, and over the keys of the signers, which all
   * see; an honest site's keys are the same for everybody all the same, for it signs one advertisement a round.
   */
  readonly hash: Uint8Array;
  readonly #roundId: string;
  readonly #layout: Layout;
  readonly #byId: ReadonlyMap<string, Member>;
  readonly #byNumber: ReadonlyMap<SiteNumber, Member>;

  private constructor(context: RoundContext, layout: Layout, members: readonly Member[]) {
    this.#roundId = context.roundId;
    this.#layout = layout;
    this.members = members;
    this.#byId = new Map(members.map((member) => [member.siteId, member]));
    this.#byNumber = new Map(members.map((member) => [member.number, member]));
    this.ids = layout.ids;
    this.cohort = layout.cohort;
    this.parameters = layout.parameters;
    this.graph = layout.graph;
    this.ringSites = layout.ringSites;
    this.hash = isSparse(layout.parameters)
      ? sparseHash(context, layout, members)
      : completeHash(context, layout, members);
  }

  /**
   * The roster a message describes, as `siteId` must be shown it.
   *
   * @throws AggregationError `wrong-round`, `malformed`, `bad-signature`, `duplicate-site`, `duplicate-key`, `not-included`,
   *   `too-few-sites`, `too-many-sites`, `wrong-group`, `unknown-identity`
   */
  static verify(context: RoundContext, message: KeyRoster, siteId: string): Roster {
    assertRound(context, message.roundId);
    const { advertisements, identityKeys } = message;
    if (identityKeys.length !== advertisements.length) {
      throw new AggregationError('malformed', 'The roster has not one identity key for each advertisement.');
    }
    // Before the signatures: a roster of absurd length costs nothing.
    const layout = shownLayout(context, message, siteId);
    const register = new KeyRegister();
    const numbers = new Map(layout.ids.map((id, number) => [id, number as SiteNumber]));
    const members = advertisements.map((advertisement, index) => {
      const identityKey = identityKeys[index]!;
      assertBytes('identity key', identityKey, PUBLIC_KEY_BYTES);
      verifyAdvertisement(context, advertisement, identityKey);
      register.add(advertisement, identityKey);
      const { siteId } = advertisement;
      return { number: numbers.get(siteId)!, siteId, identityKey, advertisement };
    });
    return new Roster(context, layout, members);
  }

  /** Of advertisements that were verified and registered one by one, as the coordinator does on arrival. */
  static ofVerified(
    context: RoundContext,
    layout: Layout,
    advertised: ReadonlyMap<string, KeyAdvertisement>,
    identityKeys: ReadonlyMap<string, Uint8Array>,
  ): Roster {
    const members = layout.ids.map((siteId, number) => ({
      number: number as SiteNumber,
      siteId,
      identityKey: identityKeys.get(siteId)!,
      advertisement: advertised.get(siteId)!,
    }));
    return new Roster(context, layout, members);
  }

  /** What `site` is shown; as it came, at the site itself. */
  messageFor(site: SiteNumber): KeyRoster {
    const shown = Array.from(knownTo(this.#layout, site), (number) => this.member(number));
    return {
      roundId: this.#roundId,
      advertisements: shown.map(({ advertisement }) => advertisement),
      identityKeys: shown.map(({ identityKey }) => identityKey),
      cohort: shown.length < this.cohort.length ? this.cohort : [],
    };
  }

  /** The member with this id, if its keys are known. */
  find(siteId: string): Member | undefined {
    return this.#byId.get(siteId);
  }

  member(number: SiteNumber): Member {
    return this.#byNumber.get(number)!;
  }

  siteIds(numbers: Iterable<SiteNumber>): string[] {
    return Array.from(numbers, (number) => this.ids[number]!);
  }

  /** A set of sites out of a message. @throws AggregationError `malformed` */
  sites(numbers: readonly number[]): SiteSet {
    let previous = -1;
    for (const number of numbers) {
      if (!Number.isSafeInteger(number) || number <= previous || number >= this.ids.length) {
        throw new AggregationError(
          'malformed',
          `A set of sites must list roster numbers 0 .. ${this.ids.length - 1} in ascending order, not ${number} after ${previous}.`,
        );
      }
      previous = number;
    }
    return SiteSet.of(numbers as readonly SiteNumber[]);
  }
}

/** X25519 ignores the top bit (RFC 7748 section 5): with it a key would have two spellings, and a copy could hide. */
function assertPublicKey(field: string, key: Uint8Array): void {
  assertBytes(field, key, KEY_BYTES);
  if ((key.at(-1)! & 0x80) !== 0) {
    throw new AggregationError('malformed', `The ${field} has its unused top bit set.`);
  }
}

function hashedFields({ siteId, identityKey, advertisement: m }: Member): Uint8Array[] {
  return [utf8(siteId), identityKey, m.channelKey, m.maskKey, m.selfMaskCommitment, m.nonce];
}

function assertAscending(siteIds: readonly string[]): void {
  siteIds.forEach((siteId, index) => {
    const previous = siteIds[index - 1];
    if (previous === undefined || previous < siteId) return;
    if (previous === siteId) {
      throw new AggregationError('duplicate-site', `The roster lists ${siteId} twice.`, [siteId]);
    }
    throw new AggregationError('malformed', `The roster lists ${siteId} after ${previous}; site ids must ascend.`);
  });
}

/**
 * Who masks with whom is computed, never chosen: a coordinator that could choose would surround a site with its own (attack
 * 17). The message must show the site exactly those that it is to know: of a complete graph everybody; of a sparse one its
 * neighbours and the signers. Where these are not the whole cohort, the cohort is listed beside them.
 *
 * @throws AggregationError `wrong-group`, `malformed`, `duplicate-site`, `not-included`, `too-few-sites`, `too-many-sites`,
 *   `unknown-identity`
 */
function shownLayout(
  { grouping }: RoundContext,
  { advertisements, cohort: listed }: KeyRoster,
  siteId: string,
): Layout {
  const shown = advertisements.map((advertisement) => advertisement.siteId);
  const cohort = listed.length > 0 ? listed : shown;
  assertAscending(shown);
  assertAscending(cohort);
  const layout = layoutAround(grouping, cohort, siteId);
  if (layout === null) {
    throw new AggregationError('not-included', `${siteId} advertised its keys and is not in the round's cohort.`);
  }
  const expected = Array.from(
    knownTo(layout, layout.ids.indexOf(siteId) as SiteNumber),
    (number) => layout.ids[number]!,
  );
  const isListed = listed.length > 0;
  const isPart = expected.length < cohort.length;
  if (isListed === isPart && sameIds(shown, expected)) return layout;
  throw new AggregationError(
    'wrong-group',
    'The roster does not show those with whom this site masks, by seed and cohort, and who signs for all.',
  );
}

function sameIds(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((siteId, index) => siteId === b[index]);
}

function completeHash({ roundId }: RoundContext, { ids, cohort }: Layout, members: readonly Member[]): Uint8Array {
  const fields = [utf8(roundId), ...members.flatMap(hashedFields)];
  if (ids.length < cohort.length) fields.push(hashFields('cohort', cohort.map(utf8)));
  return hashFields('roster', fields);
}

/** With what is computed from the cohort, so that programs which compute it differently mask apart. */
function sparseHash(
  { roundId }: RoundContext,
  { cohort, parameters, graph }: Layout,
  members: readonly Member[],
): Uint8Array {
  const { holders, threshold, signatures } = parameters;
  const signers = SiteSet.of(graph.signers);
  return hashFields('sparse-roster', [
    utf8(roundId),
    hashFields('cohort', cohort.map(utf8)),
    ...[holders, threshold, signatures].map(uint32),
    ...members.filter(({ number }) => signers.has(number)).flatMap(hashedFields),
  ]);
}
