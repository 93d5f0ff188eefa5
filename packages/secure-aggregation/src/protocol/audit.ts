import { equalBytes } from '../keys/bytes.ts';
import { AggregationError } from '../errors.ts';
import { siteListHash, siteSet, type RosterRecord, type SiteRecord } from './site-record.ts';
import type { SumTranscript, TranscriptStatement } from './sum-transcript.ts';
import { survivorsStatement, verifyStatement, type Statement } from './transcript.ts';

/** What does not agree between a sum's transcript and what a site has signed. Stable: sites keep them and send them as reasons. */
export type AuditFaultCode =
  /** Of another round or plan. */
  | 'other-round'
  /** Sets out of order, or outside those they must lie in. */
  | 'unsound-transcript'
  /** Not the roster under which this site masked, or the site is not in it. */
  | 'other-roster'
  /** A site is listed with other keys than it advertised. */
  | 'other-keys'
  /** Other shares than this site gave out, or any where it gave none. */
  | 'other-shares'
  /** Another set of sites than this one masked with (U2). */
  | 'other-sharing-sites'
  /** Another vector than this site signed. */
  | 'other-vector'
  /** The sum is said to hold a vector of this site, which signed none. */
  | 'claimed-survivor'
  /** A vector that its site did not sign. */
  | 'forged-vector'
  /** Other survivors than this site signed, or revealed for (U3). */
  | 'other-survivors'
  /** A signature of the survivors that its site did not make. */
  | 'forged-witness'
  /** Fewer signatures of the survivors than nobody reveals without. */
  | 'unconfirmed'
  /** Other shares than this site revealed, or any where it revealed none. */
  | 'other-reveal';

export interface AuditFault {
  readonly code: AuditFaultCode;
  /** Whom it is about. */
  readonly sites: readonly string[];
}

export interface TranscriptAudit {
  /** What the transcript says of this site's vector. A site that was too slow is `left-out`; a group that failed `not-opened`. */
  readonly part: 'in-sum' | 'left-out' | 'not-opened';
  /** In the order they are looked for; none where all agrees. */
  readonly faults: readonly AuditFault[];
  /** Vectors and witnesses whose signatures were verified, and how many there are. */
  readonly verified: { readonly vectors: number; readonly witnesses: number };
  readonly survivors: number;
}

/**
 * Holds a transcript against what a site has kept of the round. What the site has not seen, because it dropped out before, it
 * cannot compare: of that it finds what is claimed in its own name, and whether a threshold of sites it knows has signed.
 */
export function auditTranscript(transcript: SumTranscript, mine: SiteRecord): TranscriptAudit {
  const audit = new Audit(transcript, mine);
  audit.run();
  const { faults, vectors, witnesses } = audit;
  const part = partOf(transcript, audit.self);
  return { part, faults, verified: { vectors, witnesses }, survivors: transcript.vectors.length };
}

function partOf({ opened, vectors }: SumTranscript, self: number): TranscriptAudit['part'] {
  if (!opened) return 'not-opened';
  return vectors.some(({ site }) => site === self) ? 'in-sum' : 'left-out';
}

class Audit {
  readonly faults: AuditFault[] = [];
  vectors = 0;
  witnesses = 0;
  /** Roster number; -1 where the site is not listed. */
  readonly self: number;
  readonly #t: SumTranscript;
  readonly #mine: SiteRecord;
  readonly #keys: ReadonlyMap<string, Uint8Array>;

  constructor(transcript: SumTranscript, mine: SiteRecord) {
    this.#t = transcript;
    this.#mine = mine;
    this.self = transcript.sites.findIndex(({ siteId }) => siteId === mine.siteId);
    this.#keys = new Map(mine.roster?.shown.map(({ siteId, identityKey }) => [siteId, identityKey]));
  }

  run(): void {
    const { roundId, planHash, roster } = this.#mine;
    if (this.#t.roundId !== roundId || !equalBytes(this.#t.planHash, planHash)) return this.#fault('other-round');
    if (!isSound(this.#t)) return this.#fault('unsound-transcript');
    // Under another roster every number means another site: nothing else could be compared.
    if (roster !== null && !this.#isRoster(roster)) return this.#fault('other-roster', [this.#mine.siteId]);
    this.#lookAtKeys();
    if (!this.#t.opened) return;
    this.#lookAtOwn();
    this.#lookAtSets();
    this.#verifyVectors();
    this.#verifyWitnesses();
  }

  #isRoster({ hash, sites }: RosterRecord): boolean {
    const listed = siteListHash(this.#t.sites.map(({ siteId }) => siteId));
    return this.self >= 0 && equalBytes(this.#t.rosterHash, hash) && equalBytes(listed, sites);
  }

  #lookAtKeys(): void {
    const known = new Map(this.#mine.roster?.shown.map(({ siteId, keys }) => [siteId, keys]));
    known.set(this.#mine.siteId, this.#mine.signed.keys);
    const others = this.#t.sites.filter(({ siteId, keys }) => !equalBytes(keys, known.get(siteId) ?? keys));
    if (others.length > 0)
      this.#fault(
        'other-keys',
        others.map(({ siteId }) => siteId),
      );
  }

  #lookAtOwn(): void {
    const { signed, siteId } = this.#mine;
    const { shares, vectors, reveals, witnesses } = this.#t;
    if (this.#differs(shares, signed.shares)) this.#fault('other-shares', [siteId]);
    if (this.#differs(vectors, signed.masked)) {
      this.#fault(signed.masked === null ? 'claimed-survivor' : 'other-vector', [siteId]);
    }
    if (this.#differs(reveals, signed.reveal)) this.#fault('other-reveal', [siteId]);
    const hasSigned = witnesses.some(({ site }) => site === this.self);
    if (hasSigned && signed.survivors === null) this.#fault('forged-witness', [siteId]);
  }

  /** Whether something stands there in this site's name that it did not sign. That nothing does may have come of its being late. */
  #differs(statements: readonly TranscriptStatement[], own: Uint8Array | null): boolean {
    const found = statements.find(({ site }) => site === this.self);
    return found !== undefined && (own === null || !equalBytes(found.statement, own));
  }

  #lookAtSets(): void {
    const { sharingSites, survivors } = this.#mine;
    const { shares, vectors } = this.#t;
    if (sharingSites !== null && !isSet(shares, sharingSites)) this.#fault('other-sharing-sites');
    if (survivors !== null && !isSet(vectors, survivors)) this.#fault('other-survivors');
  }

  #verifyVectors(): void {
    const forged: string[] = [];
    for (const { site, statement, signature } of this.#t.vectors) {
      const verdict = this.#isSigned(site, { tag: 'masked', bodyHash: statement }, signature);
      if (verdict === false) forged.push(this.#siteId(site));
      if (verdict === true) this.vectors += 1;
    }
    if (forged.length > 0) this.#fault('forged-vector', forged);
  }

  /** The signatures cover U2 and U3, so that those who gave them stand for both sets to a site that has seen neither. */
  #verifyWitnesses(): void {
    const { roundId, rosterHash, shares, vectors, witnesses } = this.#t;
    const [sharing, surviving] = [numbersOf(shares), numbersOf(vectors)];
    const statement = survivorsStatement(roundId, rosterHash, siteSet(sharing), siteSet(surviving));
    const { roster } = this.#mine;
    const signers = new Set(roster?.signers);
    const forged: string[] = [];
    for (const { site, signature } of witnesses) {
      const verdict = this.#isSigned(site, statement, signature);
      if (verdict === false) forged.push(this.#siteId(site));
      if (verdict === true && signers.has(site)) this.witnesses += 1;
    }
    if (forged.length > 0) this.#fault('forged-witness', forged);
    if (roster !== null && this.witnesses < roster.witnesses) this.#fault('unconfirmed');
  }

  /** Null where this site was not shown the other's identity. */
  #isSigned(site: number, statement: Statement, signature: Uint8Array): boolean | null {
    const siteId = this.#siteId(site);
    const key = this.#keys.get(siteId);
    if (key === undefined) return null;
    try {
      verifyStatement(key, { ...this.#t, length: 1 }, siteId, statement, signature);
      return true;
    } catch (error) {
      if (error instanceof AggregationError) return false;
      throw error;
    }
  }

  #siteId(site: number): string {
    return this.#t.sites[site]!.siteId;
  }

  #fault(code: AuditFaultCode, sites: readonly string[] = []): void {
    this.faults.push({ code, sites });
  }
}

/** Lists in ascending order; U3 within U2 within U1; witnesses and reveals by survivors. */
function isSound({ opened, sites, shares, vectors, witnesses, reveals }: SumTranscript): boolean {
  const lists = [shares, vectors, witnesses, reveals];
  if (!opened) return lists.every((list) => list.length === 0);
  const [sharing, surviving] = [new Set(numbersOf(shares)), new Set(numbersOf(vectors))];
  return (
    vectors.length > 0 &&
    sites.every(({ siteId }, index) => index === 0 || siteId > sites[index - 1]!.siteId) &&
    lists.every((list) => isAscending(numbersOf(list), sites.length)) &&
    vectors.every(({ site }) => sharing.has(site)) &&
    [...witnesses, ...reveals].every(({ site }) => surviving.has(site))
  );
}

function isAscending(numbers: readonly number[], end: number): boolean {
  return numbers.every((number, index) => number > (numbers[index - 1] ?? -1) && number < end);
}

function isSet(statements: readonly TranscriptStatement[], sites: readonly number[]): boolean {
  return statements.length === sites.length && statements.every(({ site }, index) => site === sites[index]);
}

function numbersOf(list: readonly { readonly site: number }[]): readonly number[] {
  return list.map(({ site }) => site);
}
