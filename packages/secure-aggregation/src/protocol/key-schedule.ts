import { equalBytes, concatenate, hashFields, PROTOCOL_LABEL, sha256, uint32, utf8 } from '../keys/bytes.ts';
import { deriveKey } from '../keys/derivation.ts';
import { clampScalar, keyPairFromScalar } from '../keys/agreement.ts';
import type { KeyAdvertisement } from '../messages.ts';
import type { MaskSeeds } from '../masks/mask-sum.ts';
import type { SiteNumber } from './site-number.ts';

/**
 * How every key of a round comes about. All are HKDF-SHA256 outputs under the salt SHA-256(planHash || rosterHash):
 * sites that were shown different plans (Pasquini et al., CCS 2022: a model of its own for the victim) or different
 * rosters arrive at different masks, and what the coordinator can sum is noise.
 */
export class KeySchedule {
  readonly #salt: Uint8Array;
  readonly #context: Uint8Array;

  constructor(planHash: Uint8Array, rosterHash: Uint8Array) {
    this.#context = concatenate(planHash, rosterHash);
    this.#salt = sha256(this.#context);
  }

  /** Seed of the mask that `a` and `b` share, from their X25519 secret; the same from either end. */
  pairSeed(secret: Uint8Array, a: SiteNumber, b: SiteNumber): Uint8Array {
    return this.#derive(secret, 'mask', Math.min(a, b), Math.max(a, b));
  }

  /** Seed of the mask that only `site` can make, from its self mask seed b. */
  selfSeed(selfMask: Uint8Array, site: SiteNumber): Uint8Array {
    return this.#derive(selfMask, 'self', site);
  }

  /** Key under which `from` seals its one message to `to`. */
  channelKey(secret: Uint8Array, from: SiteNumber, to: SiteNumber): Uint8Array {
    return this.#derive(secret, 'share', from, to);
  }

  /** What a sealed share is bound to: it opens in no other round, roster or direction. */
  associatedData(from: SiteNumber, to: SiteNumber): Uint8Array {
    return concatenate(this.#context, uint32(from), uint32(to));
  }

  #derive(secret: Uint8Array, purpose: string, ...sites: number[]): Uint8Array {
    const info = concatenate(utf8(`${PROTOCOL_LABEL}${purpose}\0`), ...sites.map(uint32));
    return deriveKey(secret, this.#salt, info);
  }
}

/** The commitment to a self mask seed. The seed has 256 random bits: nothing to guess, so no blinding. */
export function selfMaskCommitment(selfMask: Uint8Array): Uint8Array {
  return hashFields('self-mask', [selfMask]);
}

/** Whether a reconstructed secret is the one its site committed to: the self mask by a hash, the mask key by its public half. */
export function matchesCommitment(kind: 'self-mask' | 'mask-key', secret: Uint8Array, m: KeyAdvertisement): boolean {
  if (kind === 'self-mask') return equalBytes(selfMaskCommitment(secret), m.selfMaskCommitment);
  return equalBytes(clampScalar(secret), secret) && equalBytes(keyPairFromScalar(secret).publicKey, m.maskKey);
}

/** Sorts pair seeds by the sign that `site` gives them, which is opposite at the other end: + towards higher numbers. */
export function signedPairSeeds(site: SiteNumber, pairs: Iterable<readonly [SiteNumber, Uint8Array]>): MaskSeeds {
  const added: Uint8Array[] = [];
  const subtracted: Uint8Array[] = [];
  for (const [peer, seed] of pairs) (peer > site ? added : subtracted).push(seed);
  return { added, subtracted };
}
