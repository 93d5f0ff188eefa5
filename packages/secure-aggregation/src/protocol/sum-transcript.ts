import type { SurvivorWitness } from '../messages.ts';
import type { CoordinatorState } from './coordinator-state.ts';
import type { RoundContext } from './round-context.ts';
import type { SignedStatements } from './signed-statements.ts';
import type { SiteNumber } from './site-number.ts';
import { keysStatement } from './transcript.ts';

/** A site's signed message, by the hash of all its fields but the signature. */
export interface TranscriptStatement {
  /** Its place in `sites`. */
  readonly site: number;
  /** SHA-256, 32 bytes. */
  readonly statement: Uint8Array;
}

/** The header of a masked vector, with its site's signature: nobody else can put a vector into the sum in its name. */
export interface TranscriptVector extends TranscriptStatement {
  readonly signature: Uint8Array;
}

/**
 * What one group's sum rests on: which sites it is made of, and which of their signed messages. Nothing in it is secret: no
 * share, no mask, no element of a vector. With it every site of the group sees whether its own messages were used, and no others
 * in its name (design attacks 5 and 6, seen from the end).
 */
export interface SumTranscript {
  readonly roundId: string;
  readonly planHash: Uint8Array;
  /** Of a group that came to no sum false: then its sites are listed and nothing else. */
  readonly opened: boolean;
  readonly rosterHash: Uint8Array;
  /** U1 in ascending order of id, each with the hash of the keys it advertised. */
  readonly sites: readonly { readonly siteId: string; readonly keys: Uint8Array }[];
  /** U2, ascending: the shares that each gave out. */
  readonly shares: readonly TranscriptStatement[];
  /** U3, ascending: the vectors that were added up. */
  readonly vectors: readonly TranscriptVector[];
  /** Who signed U3; in a passive group nobody does. */
  readonly witnesses: readonly SurvivorWitness[];
  /** Who helped to open the sum. */
  readonly reveals: readonly TranscriptStatement[];
}

/** The same messages give the same transcript, whatever the order they came in. */
export function sumTranscript(
  { roundId, planHash }: RoundContext,
  state: Extract<CoordinatorState, { roster: unknown }>,
  signed: SignedStatements,
): SumTranscript {
  const { roster } = state;
  const sites = roster.members.map(({ siteId, advertisement }) => ({
    siteId,
    keys: keysStatement(advertisement).bodyHash,
  }));
  const group = { roundId, planHash, rosterHash: roster.hash, sites };
  if (state.phase !== 'unmasked') {
    return { ...group, opened: false, shares: [], vectors: [], witnesses: [], reveals: [] };
  }
  const { sharingSites, survivors, confirmed, revealed } = state;
  return {
    ...group,
    opened: true,
    shares: signed.of('shares', sharingSites).map(({ site, statement }) => ({ site, statement })),
    vectors: signed.of('masked', survivors),
    witnesses: roster.graph.signers
      .filter((site) => confirmed.has(site))
      .map((site) => ({ site, signature: confirmed.get(site)!.signature })),
    reveals: signed.of('reveal', ascending(revealed.keys())).map(({ site, statement }) => ({ site, statement })),
  };
}

function ascending(sites: Iterable<SiteNumber>): readonly SiteNumber[] {
  return Array.from(sites).sort((a, b) => a - b);
}
