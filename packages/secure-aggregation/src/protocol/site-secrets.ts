import { agree, clampScalar, keyPairFromScalar, type KeyPair } from '../keys/agreement.ts';
import { concatenate } from '../keys/bytes.ts';
import type { RandomSource } from '../keys/random.ts';
import { open, seal, SEAL_BYTES } from '../keys/sealing.ts';
import { SECRET_BYTES, SHARE_BYTES, shareSecret } from '../keys/secret-sharing.ts';
import type { SealedShare } from '../messages.ts';
import type { MaskSeeds } from '../masks/mask-sum.ts';
import { signedPairSeeds, type KeySchedule } from './key-schedule.ts';
import type { Member, Roster } from './roster.ts';
import type { SiteNumber } from './site-number.ts';

/** Both shares of one site, sealed. */
export const SEALED_BYTES: number = 2 * SHARE_BYTES + SEAL_BYTES;

/** A share of each of one site's two secrets. Only one of them may ever be revealed. */
export interface HeldShares {
  readonly selfMask: Uint8Array;
  readonly maskKey: Uint8Array;
}

/** What a site makes up at the start of a round and shares out after it has seen the roster. */
export class FreshSecrets {
  readonly selfMask: Uint8Array;
  readonly maskPair: KeyPair;
  readonly channelPair: KeyPair;
  readonly #maskScalar: Uint8Array;

  constructor(random: RandomSource) {
    this.selfMask = random(SECRET_BYTES);
    this.#maskScalar = clampScalar(random(SECRET_BYTES));
    this.maskPair = keyPairFromScalar(this.#maskScalar);
    // A key of its own: the mask key may be handed to the coordinator, and that must not open the channels.
    this.channelPair = keyPairFromScalar(random(SECRET_BYTES));
  }

  /** Splits both secrets among all members, oneself included, and forgets the private mask key's bytes. */
  async split(count: number, threshold: number): Promise<HeldShares[]> {
    const selfMask = await shareSecret(this.selfMask, count, threshold);
    const maskKey = await shareSecret(this.#maskScalar, count, threshold);
    this.#maskScalar.fill(0);
    return selfMask.map((share, index) => ({ selfMask: share, maskKey: maskKey[index]! }));
  }
}

/**
 * The keys one site has in common with each of the others. Working them out touches every peer's public keys, so a weak
 * one is found before anything is sent.
 */
export class PeerSecrets {
  readonly #self: SiteNumber;
  readonly #schedule: KeySchedule;
  readonly #channel = new Map<SiteNumber, Uint8Array>();
  readonly #pairSeeds = new Map<SiteNumber, Uint8Array>();

  /** @throws AggregationError `weak-key` */
  constructor(secrets: FreshSecrets, roster: Roster, self: SiteNumber, schedule: KeySchedule) {
    this.#self = self;
    this.#schedule = schedule;
    for (const { number, advertisement } of peersOf(self, roster)) {
      const pairSecret = agree(secrets.maskPair, advertisement.maskKey);
      this.#pairSeeds.set(number, schedule.pairSeed(pairSecret, self, number));
      this.#channel.set(number, agree(secrets.channelPair, advertisement.channelKey));
    }
  }

  /** One ciphertext for every peer, ascending. `shares[n]` is the pair meant for site n. */
  seal(shares: readonly HeldShares[]): SealedShare[] {
    return Array.from(this.#channel, ([to, secret]) => {
      const key = this.#schedule.channelKey(secret, this.#self, to);
      const { selfMask, maskKey } = shares[to]!;
      const associated = this.#schedule.associatedData(this.#self, to);
      return { from: this.#self, to, ciphertext: seal(key, concatenate(selfMask, maskKey), associated) };
    });
  }

  /** The two shares `from` sealed for this site, or null if it did not, or not in this round and roster. */
  open(from: SiteNumber, ciphertext: Uint8Array): HeldShares | null {
    const secret = this.#channel.get(from);
    if (!secret) return null;
    const key = this.#schedule.channelKey(secret, from, this.#self);
    const opened = open(key, ciphertext, this.#schedule.associatedData(from, this.#self));
    if (opened?.length !== 2 * SHARE_BYTES) return null;
    return { selfMask: opened.slice(0, SHARE_BYTES), maskKey: opened.slice(SHARE_BYTES) };
  }

  /** Seeds of the pair masks with these sites, by sign. */
  pairMasks(sharingSites: readonly SiteNumber[]): MaskSeeds {
    const peers = sharingSites.filter((number) => number !== this.#self);
    return signedPairSeeds(
      this.#self,
      peers.map((number) => [number, this.#pairSeeds.get(number)!] as const),
    );
  }
}

function peersOf(self: SiteNumber, roster: Roster): Member[] {
  return roster.members.filter(({ number }) => number !== self);
}
