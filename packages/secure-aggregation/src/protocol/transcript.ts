import { concatenate, hashFields, PROTOCOL_LABEL, uint32, utf8 } from '../keys/bytes.ts';
import { verifySignature, type Identity } from '../keys/identity.ts';
import { AggregationError } from '../errors.ts';
import type { KeyAdvertisement, MaskedHeader, RevealedShares, SealedShares } from '../messages.ts';
import type { RoundContext } from './round-context.ts';
import type { SiteSet } from './site-set.ts';

/**
 * What a site signs in each step. No tag is the beginning of another, and plan hash and body hash have fixed lengths, so
 * the signed bytes have one reading only.
 */
type Tag = 'keys' | 'shares' | 'masked' | 'survivors' | 'reveal';

/** A message's tag and the hash of all its fields but the signature. */
export interface Statement {
  readonly tag: Tag;
  readonly bodyHash: Uint8Array;
}

/** "noren/secagg/v1/" || tag || planHash || siteId || bodyHash, by the site's Ed25519 identity. */
export function signStatement(
  identity: Identity,
  context: RoundContext,
  siteId: string,
  statement: Statement,
): Uint8Array {
  return identity.sign(signedBytes(context, siteId, statement));
}

/** @throws AggregationError `bad-signature` */
export function verifyStatement(
  identityKey: Uint8Array,
  context: RoundContext,
  siteId: string,
  statement: Statement,
  signature: Uint8Array,
): void {
  if (verifySignature(identityKey, signedBytes(context, siteId, statement), signature)) return;
  throw new AggregationError(
    'bad-signature',
    `The '${statement.tag}' message of ${siteId} is not signed by that site's identity for this plan.`,
    [siteId],
  );
}

function signedBytes(context: RoundContext, siteId: string, { tag, bodyHash }: Statement): Uint8Array {
  return concatenate(utf8(PROTOCOL_LABEL + tag), context.planHash, utf8(siteId), bodyHash);
}

export function keysStatement(m: Omit<KeyAdvertisement, 'signature'>): Statement {
  return statement('keys', [utf8(m.roundId), m.channelKey, m.maskKey, m.selfMaskCommitment, m.nonce]);
}

export function sharesStatement(m: Omit<SealedShares, 'signature'>): Statement {
  const shares = m.shares.flatMap(({ from, to, ciphertext }) => [uint32(from), uint32(to), ciphertext]);
  return statement('shares', [utf8(m.roundId), m.rosterHash, ...shares]);
}

/** Also covers the set of sites that the vector was masked with (U2), which both ends know: evidence of a split view. */
export function maskedStatement(m: Omit<MaskedHeader, 'signature'>, sharingSites: SiteSet): Statement {
  const fields = [utf8(m.roundId), m.planHash, m.rosterHash, sharingSites.bytes, uint32(m.length)];
  return statement('masked', [...fields, ...m.chunkHashes]);
}

/** The sets that the site was told, all three: only where all of them agree do the survivors' masks add up to nothing. */
export function survivorsStatement(
  roundId: string,
  rosterHash: Uint8Array,
  sharingSites: SiteSet,
  survivors: SiteSet,
): Statement {
  return statement('survivors', [utf8(roundId), rosterHash, sharingSites.bytes, survivors.bytes]);
}

/** Also covers the roster and the survivors that the site was told. */
export function revealStatement(
  m: Omit<RevealedShares, 'signature'>,
  rosterHash: Uint8Array,
  survivors: SiteSet,
): Statement {
  const shares = m.shares.flatMap(({ of, share }) => [uint32(of), utf8(share.kind), share.value]);
  return statement('reveal', [utf8(m.roundId), rosterHash, survivors.bytes, ...shares]);
}

function statement(tag: Tag, fields: readonly Uint8Array[]): Statement {
  return { tag, bodyHash: hashFields(tag, fields) };
}
