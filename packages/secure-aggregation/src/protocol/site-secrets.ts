import { agree, clampScalar, keyPairFromScalar, type KeyPair } from '../keys/agreement.ts';
import { concatenate } from '../keys/bytes.ts';
import type { RandomSource } from '../keys/random.ts';
import { open, seal, SEAL_BYTES } from '../keys/sealing.ts';
import { SECRET_BYTES, SHARE_BYTES, shareSecret } from '../keys/secret-sharing.ts';
import type { SealedShare } from '../messages.ts';
import type { MaskSeeds } from '../masks/mask-sum.ts';
import { KeySchedule, signedPairSeeds } from './key-schedule.ts';
import type { Roster } from './roster.ts';
import type { SiteNumber } from './site-number.ts';
import type { SiteSet } from './site-set.ts';

/** Both shares of one site, sealed. */
export const SEALED_BYTES: number = 2 * SHARE_BYTES + SEAL_BYTES;

/** A share of each of one site's two secrets. Only one of them may ever be revealed. */
export interface HeldShares {
  readonly selfMask: Uint8Array;
  readonly maskKey: Uint8Array;
}

interface Scalars {
  readonly selfMask: Uint8Array;
  readonly maskScalar: Uint8Array;
  readonly channelScalar: Uint8Array;
}

/** What a site makes up at the start of a round and shares out after it has seen the roster. */
export class FreshSecrets {
  readonly selfMask: Uint8Array;
  readonly maskPair: KeyPair;
  readonly channelPair: KeyPair;
  readonly #maskScalar: Uint8Array;
  readonly #channelScalar: Uint8Array;

  constructor({ selfMask, maskScalar, channelScalar }: Scalars) {
    this.selfMask = selfMask;
    this.#maskScalar = maskScalar;
    this.maskPair = keyPairFromScalar(maskScalar);
    this.#channelScalar = channelScalar;
    this.channelPair = keyPairFromScalar(channelScalar);
  }

  static make(random: RandomSource): FreshSecrets {
    const selfMask = random(SECRET_BYTES);
    const maskScalar = clampScalar(random(SECRET_BYTES));
    // A key of its own: the mask key may be handed to the coordinator, and that must not open the channels.
    const channelScalar = random(SECRET_BYTES);
    return new FreshSecrets({ selfMask, maskScalar, channelScalar });
  }

  export(): Scalars {
    return { selfMask: this.selfMask, maskScalar: this.#maskScalar, channelScalar: this.#channelScalar };
  }

  /** Splits both secrets among the neighbourhood, oneself included, and forgets the private keys' bytes. */
  async split(holders: readonly SiteNumber[], threshold: number): Promise<ReadonlyMap<SiteNumber, HeldShares>> {
    const selfMask = await shareSecret(this.selfMask, holders.length, threshold);
    const maskKey = await shareSecret(this.#maskScalar, holders.length, threshold);
    this.#maskScalar.fill(0);
    this.#channelScalar.fill(0);
    return new Map(holders.map((holder, i) => [holder, { selfMask: selfMask[i]!, maskKey: maskKey[i]! }]));
  }
}

/**
 * The keys one site has in common with each of its neighbours. Working them out touches every peer's public keys, so a weak
 * one is found before anything is sent.
 */
export class PeerSecrets {
  readonly #self: SiteNumber;
  readonly #schedule: KeySchedule;
  readonly #channel: ReadonlyMap<SiteNumber, Uint8Array>;
  readonly #pairSeeds: ReadonlyMap<SiteNumber, Uint8Array>;

  private constructor(
    self: SiteNumber,
    schedule: KeySchedule,
    channel: ReadonlyMap<SiteNumber, Uint8Array>,
    pairSeeds: ReadonlyMap<SiteNumber, Uint8Array>,
  ) {
    this.#self = self;
    this.#schedule = schedule;
    this.#channel = channel;
    this.#pairSeeds = pairSeeds;
  }

  /** @throws AggregationError `weak-key` */
  static agree(secrets: FreshSecrets, roster: Roster, self: SiteNumber, schedule: KeySchedule): PeerSecrets {
    const channel = new Map<SiteNumber, Uint8Array>();
    const pairSeeds = new Map<SiteNumber, Uint8Array>();
    for (const number of roster.graph.neighbourhood(self)) {
      if (number === self) continue;
      const { advertisement } = roster.member(number);
      const pairSecret = agree(secrets.maskPair, advertisement.maskKey);
      pairSeeds.set(number, schedule.pairSeed(pairSecret, self, number));
      channel.set(number, agree(secrets.channelPair, advertisement.channelKey));
    }
    return new PeerSecrets(self, schedule, channel, pairSeeds);
  }

  static restore(kept: KeptPeers, roster: Roster, self: SiteNumber, planHash: Uint8Array): PeerSecrets {
    const bySite = (entries: KeptPeers['channel']): Map<SiteNumber, Uint8Array> =>
      new Map(entries.map(([site, secret]) => [site as SiteNumber, secret]));
    const schedule = new KeySchedule(planHash, roster.hash);
    return new PeerSecrets(self, schedule, bySite(kept.channel), bySite(kept.pairSeeds));
  }

  export(): KeptPeers {
    return { channel: Array.from(this.#channel), pairSeeds: Array.from(this.#pairSeeds) };
  }

  /** One ciphertext for every peer, ascending. */
  seal(shares: ReadonlyMap<SiteNumber, HeldShares>): SealedShare[] {
    return Array.from(this.#channel, ([to, secret]) => {
      const key = this.#schedule.channelKey(secret, this.#self, to);
      const { selfMask, maskKey } = shares.get(to)!;
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

  /** Seeds of the pair masks with those peers that are among `sharingSites`, by sign. */
  pairMasks(sharingSites: SiteSet): MaskSeeds {
    const pairs = Array.from(this.#pairSeeds).filter(([number]) => sharingSites.has(number));
    return signedPairSeeds(this.#self, pairs);
  }
}

interface KeptPeers {
  readonly channel: readonly (readonly [number, Uint8Array])[];
  readonly pairSeeds: readonly (readonly [number, Uint8Array])[];
}
