import { AggregationError } from '../errors.ts';
import { groupParameters, type GroupParameters } from '../group-parameters.ts';
import { KEY_BYTES } from '../keys/agreement.ts';
import { hashFields, HASH_BYTES, hex, utf8 } from '../keys/bytes.ts';
import { PUBLIC_KEY_BYTES } from '../keys/identity.ts';
import type { KeyAdvertisement, KeyRoster } from '../messages.ts';
import { divisionOf, groupsOf, parametersWithin } from '../topology/grouping.ts';
import { assertBytes, assertRound, type RoundContext } from './round-context.ts';
import type { SiteNumber } from './site-number.ts';
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

/** U1: the sites of a round in ascending order of id, with their verified keys. */
export class Roster {
  readonly members: readonly Member[];
  readonly parameters: GroupParameters;
  /** Ids of the sites of all groups, ascending; of one group alone its own. */
  readonly cohort: readonly string[];
  /** Sites of the largest group: one width of ring and one quantiser for all, so that their sums can be added. */
  readonly ringSites: number;
  /** The cohort that the message lists; empty for one group. */
  readonly #divided: readonly string[];
  /** Over everything but the signatures. It enters every key, so sites that saw different rosters mask apart. */
  readonly hash: Uint8Array;

  private constructor(context: RoundContext, message: KeyRoster) {
    this.members = message.advertisements.map((advertisement, index) => ({
      number: index as SiteNumber,
      siteId: advertisement.siteId,
      identityKey: message.identityKeys[index]!,
      advertisement,
    }));
    const { cohort } = message;
    this.#divided = cohort;
    this.cohort = cohort.length === 0 ? this.members.map(({ siteId }) => siteId) : cohort;
    const groupSize = context.grouping?.groupSize ?? null;
    this.parameters = parametersWithin(this.members.length, this.cohort.length, groupSize);
    this.ringSites = cohort.length === 0 ? this.members.length : divisionOf(cohort.length, groupSize).largest;
    const fields = [utf8(context.roundId), ...this.members.flatMap(hashedFields)];
    if (cohort.length > 0) fields.push(hashFields('cohort', cohort.map(utf8)));
    this.hash = hashFields('roster', fields);
  }

  /**
   * The roster a message describes, after every check that does not depend on who looks.
   *
   * @throws AggregationError `wrong-round`, `malformed`, `bad-signature`, `duplicate-site`, `duplicate-key`,
   *   `too-few-sites`, `too-many-sites`, `wrong-group`
   */
  static verify(context: RoundContext, message: KeyRoster): Roster {
    assertRound(context, message.roundId);
    if (message.identityKeys.length !== message.advertisements.length) {
      throw new AggregationError('malformed', 'The roster has not one identity key for each advertisement.');
    }
    // Before the signatures: a roster of absurd length costs nothing.
    groupParameters(message.advertisements.length);
    const siteIds = message.advertisements.map(({ siteId }) => siteId);
    assertAscending(siteIds);
    assertGroup(context, siteIds, message.cohort);
    const register = new KeyRegister();
    message.advertisements.forEach((advertisement, index) => {
      const identityKey = message.identityKeys[index]!;
      assertBytes('identity key', identityKey, PUBLIC_KEY_BYTES);
      verifyAdvertisement(context, advertisement, identityKey);
      register.add(advertisement, identityKey);
    });
    return new Roster(context, message);
  }

  /** The same for advertisements that were verified and registered one by one, as the coordinator does on arrival. */
  static ofVerified(context: RoundContext, message: KeyRoster): Roster {
    return new Roster(context, message);
  }

  /** As it came. */
  message(roundId: string): KeyRoster {
    const advertisements = this.members.map(({ advertisement }) => advertisement);
    const identityKeys = this.members.map(({ identityKey }) => identityKey);
    return { roundId, advertisements, identityKeys, cohort: this.#divided };
  }

  /** The member with this id, if it is in the roster. */
  find(siteId: string): Member | undefined {
    return this.members.find((member) => member.siteId === siteId);
  }

  member(number: SiteNumber): Member {
    return this.members[number]!;
  }

  siteIds(numbers: Iterable<SiteNumber>): string[] {
    return Array.from(numbers, (number) => this.member(number).siteId);
  }

  /**
   * A set of sites out of a message: roster numbers in strictly ascending order, hence none twice.
   *
   * @throws AggregationError `malformed`
   */
  sites(numbers: readonly number[]): readonly SiteNumber[] {
    let previous = -1;
    for (const number of numbers) {
      if (!Number.isSafeInteger(number) || number <= previous || number >= this.members.length) {
        throw new AggregationError(
          'malformed',
          `A set of sites must list roster numbers 0 .. ${this.members.length - 1} in ascending order, not ${number} after ${previous}.`,
        );
      }
      previous = number;
    }
    return numbers as readonly SiteNumber[];
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
 * 17).
 *
 * @throws AggregationError `wrong-group`, `malformed`, `duplicate-site`, `too-many-sites`
 */
function assertGroup({ grouping }: RoundContext, siteIds: readonly string[], cohort: readonly string[]): void {
  if (grouping === undefined) {
    if (cohort.length === 0) return;
    throw new AggregationError(
      'wrong-group',
      'The plan does not divide the cohort, and the roster lists a part of it.',
    );
  }
  if (cohort.length === 0) {
    const { groups } = divisionOf(siteIds.length, grouping.groupSize);
    if (groups === 1) return;
    throw new AggregationError('wrong-group', `${siteIds.length} sites are divided into ${groups} groups, not one.`);
  }
  const { groups } = divisionOf(cohort.length, grouping.groupSize);
  assertAscending(cohort);
  const group = groups > 1 ? groupsOf(grouping, cohort).find((group) => group.includes(siteIds[0]!)) : undefined;
  if (group?.length === siteIds.length && group.every((siteId, index) => siteId === siteIds[index])) return;
  throw new AggregationError('wrong-group', 'The roster is none of the groups that seed and cohort give.');
}
