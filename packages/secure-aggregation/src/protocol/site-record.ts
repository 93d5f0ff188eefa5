import { hashFields, utf8 } from '../keys/bytes.ts';
import type {
  ConsistencyRequest,
  KeyAdvertisement,
  KeyRoster,
  MaskedHeader,
  RevealedShares,
  SealedShares,
  ShareDelivery,
} from '../messages.ts';
import { layoutAround } from './layout.ts';
import type { RoundContext } from './round-context.ts';
import type { SiteNumber } from './site-number.ts';
import { SiteSet } from './site-set.ts';
import { keysStatement, maskedStatement, revealStatement, sharesStatement, survivorsStatement } from './transcript.ts';

/**
 * What a site keeps of a round to hold the sum's transcript against: hashes of what it has signed, the sets and public keys that
 * it was shown. Nothing in it is secret. Null is what has not come to pass.
 */
export interface SiteRecord {
  readonly roundId: string;
  readonly planHash: Uint8Array;
  readonly siteId: string;
  readonly signed: {
    readonly keys: Uint8Array;
    readonly shares: Uint8Array | null;
    readonly masked: Uint8Array | null;
    readonly survivors: Uint8Array | null;
    readonly reveal: Uint8Array | null;
  };
  /** The roster that it has verified. */
  readonly roster: RosterRecord | null;
  /** U2, with which it masked. */
  readonly sharingSites: readonly number[] | null;
  /** U3, for which it signed or revealed. */
  readonly survivors: readonly number[] | null;
}

export interface RosterRecord {
  readonly hash: Uint8Array;
  /** Hash of the ids of all the sites that share the site's sum. */
  readonly sites: Uint8Array;
  /** The sites whose keys it was shown, ascending by id. */
  readonly shown: readonly { readonly siteId: string; readonly identityKey: Uint8Array; readonly keys: Uint8Array }[];
  /** Roster numbers of those whose signatures of the survivors count. */
  readonly signers: readonly number[];
  /** Signatures of the survivors without which nobody reveals; 0 in a passive group. */
  readonly witnesses: number;
}

/** Begins when the site advertises its keys. */
export function siteRecord({ roundId, planHash }: RoundContext, own: KeyAdvertisement): SiteRecord {
  const signed = { keys: keysStatement(own).bodyHash, shares: null, masked: null, survivors: null, reveal: null };
  return { roundId, planHash, siteId: own.siteId, signed, roster: null, sharingSites: null, survivors: null };
}

/** @param shares what the site answered to a roster that it found good */
export function recordShares(
  record: SiteRecord,
  { grouping }: RoundContext,
  roster: KeyRoster,
  shares: SealedShares,
): SiteRecord {
  const shown = roster.advertisements.map((advertisement, index) => ({
    siteId: advertisement.siteId,
    identityKey: roster.identityKeys[index]!,
    keys: keysStatement(advertisement).bodyHash,
  }));
  const cohort = roster.cohort.length === 0 ? shown.map(({ siteId }) => siteId) : roster.cohort;
  // A site is in the cohort under which it has given out shares.
  const { ids, parameters, graph } = layoutAround(grouping, cohort, record.siteId)!;
  return {
    ...record,
    signed: { ...record.signed, shares: sharesStatement(shares).bodyHash },
    roster: {
      hash: shares.rosterHash,
      sites: siteListHash(ids),
      shown,
      signers: graph.signers,
      witnesses: parameters.mode === 'active' ? parameters.signatures : 0,
    },
  };
}

export function recordDelivery(record: SiteRecord, { sharingSites }: ShareDelivery): SiteRecord {
  return { ...record, sharingSites };
}

/** After `recordDelivery`. */
export function recordVector(record: SiteRecord, header: MaskedHeader): SiteRecord {
  const masked = maskedStatement(header, siteSet(record.sharingSites)).bodyHash;
  return { ...record, signed: { ...record.signed, masked } };
}

/** After `recordDelivery`. */
export function recordSurvivors(record: SiteRecord, { survivors }: ConsistencyRequest): SiteRecord {
  const { roundId, roster, sharingSites } = record;
  const hash = roster?.hash ?? new Uint8Array();
  const statement = survivorsStatement(roundId, hash, siteSet(sharingSites), siteSet(survivors));
  return { ...record, survivors, signed: { ...record.signed, survivors: statement.bodyHash } };
}

export function recordReveal(
  record: SiteRecord,
  { survivors }: ConsistencyRequest,
  shares: RevealedShares,
): SiteRecord {
  const hash = record.roster?.hash ?? new Uint8Array();
  const reveal = revealStatement(shares, hash, siteSet(survivors)).bodyHash;
  return { ...record, survivors, signed: { ...record.signed, reveal } };
}

export function siteListHash(siteIds: readonly string[]): Uint8Array {
  return hashFields('sites', siteIds.map(utf8));
}

/** As the round has checked them. */
export function siteSet(numbers: readonly number[] | null): SiteSet {
  return SiteSet.of((numbers ?? []) as readonly SiteNumber[]);
}
