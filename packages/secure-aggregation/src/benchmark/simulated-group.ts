import { generateIdentityKey, identityFromPrivateKey, type Identity } from '../keys/identity.ts';
import { addInto } from '../masks/ring.ts';
import type {
  ConsistencyRequest,
  KeyAdvertisement,
  KeyRoster,
  MaskedHeader,
  RevealedShares,
  RevealRequest,
  SealedShares,
  ShareDelivery,
  SurvivorSignature,
} from '../messages.ts';
import type { RoundContext } from '../protocol/round-context.ts';
import { SiteRound } from '../protocol/site-round.ts';
import { encodeUpdate, EXTRA_ELEMENTS, quantiserFor } from '../ring/quantiser.ts';
import { Stopwatch } from './stopwatch.ts';

/** The sites of one group, and which of them are lost after they have shared their secrets. */
export interface GroupSetting {
  readonly context: RoundContext;
  readonly siteIds: readonly string[];
  readonly lost: ReadonlySet<string>;
}

/** What a group of sites is asked for, in this order; every message of the protocol that the coordinator has for them. */
export type GroupQuestion =
  | { readonly ask: 'advertise' }
  | { readonly ask: 'share'; readonly roster: KeyRoster }
  | { readonly ask: 'receive'; readonly deliveries: ReadonlyMap<string, ShareDelivery> }
  /** The next few masked vectors; none if all have been sent. */
  | { readonly ask: 'upload'; readonly sites: number }
  | { readonly ask: 'confirm'; readonly request: ConsistencyRequest }
  | { readonly ask: 'reveal'; readonly request: RevealRequest }
  /** The sum of what the sites have masked, and what they took for it all. */
  | { readonly ask: 'finish' };

export interface SimulatedUpload {
  readonly siteId: string;
  readonly header: MaskedHeader;
  readonly chunks: readonly Uint8Array[];
}

/** Milliseconds: of all sites together, and of each site that uploads. */
export interface SitesTime {
  readonly keys: number;
  readonly reveal: number;
  readonly encode: readonly number[];
  readonly mask: readonly number[];
}

export type GroupAnswer =
  | { readonly said: 'advertised'; readonly keys: (readonly [KeyAdvertisement, Uint8Array])[] }
  | { readonly said: 'shared'; readonly shares: readonly (readonly [string, SealedShares])[] }
  | { readonly said: 'received' }
  | { readonly said: 'uploaded'; readonly uploads: readonly SimulatedUpload[] }
  | { readonly said: 'confirmed'; readonly signatures: readonly (readonly [string, SurvivorSignature])[] }
  | { readonly said: 'revealed'; readonly shares: readonly (readonly [string, RevealedShares])[] }
  | { readonly said: 'finished'; readonly sum: Int32Array<ArrayBuffer>; readonly time: SitesTime };

/**
 * The sites of one group of a round, one after the other, everything real: keys, signatures, masks.
 *
 * Memory: some 150 KB for each of a hundred sites; one vector at a time and the sum of what was masked.
 */
export class SimulatedGroup {
  readonly #setting: GroupSetting;
  readonly #sites: ReadonlyMap<string, { readonly identity: Identity; readonly round: SiteRound }>;
  readonly #waiting: string[];
  readonly #sum: Int32Array<ArrayBuffer>;
  readonly #keys = new Stopwatch();
  readonly #reveal = new Stopwatch();
  readonly #encode: number[] = [];
  readonly #mask: number[] = [];
  #update: Float32Array | null = null;

  constructor(setting: GroupSetting) {
    const { context, siteIds, lost } = setting;
    const floor = { minimumSites: 3, minimumThresholdFraction: 0.5 };
    this.#setting = setting;
    this.#sites = new Map(
      siteIds.map((siteId) => {
        const identity = identityFromPrivateKey(generateIdentityKey());
        return [siteId, { identity, round: SiteRound.begin({ ...context, siteId, identity, floor }) }];
      }),
    );
    this.#waiting = siteIds.filter((siteId) => !lost.has(siteId));
    this.#sum = new Int32Array(context.length);
  }

  async answer(question: GroupQuestion): Promise<GroupAnswer> {
    switch (question.ask) {
      case 'advertise':
        return { said: 'advertised', keys: this.#advertise() };
      case 'share':
        return { said: 'shared', shares: await this.#share(question.roster) };
      case 'receive':
        for (const [siteId, delivery] of question.deliveries) {
          this.#keys.during(() => this.#round(siteId).receiveShares(delivery));
        }
        return { said: 'received' };
      case 'upload':
        return { said: 'uploaded', uploads: this.#waiting.splice(0, question.sites).map((site) => this.#upload(site)) };
      case 'confirm':
        return { said: 'confirmed', signatures: this.#survivors((round) => round.confirm(question.request)) };
      case 'reveal':
        return { said: 'revealed', shares: this.#survivors((round) => round.reveal(question.request)) };
      case 'finish': {
        const [keys, reveal] = [this.#keys.milliseconds, this.#reveal.milliseconds];
        return { said: 'finished', sum: this.#sum, time: { keys, reveal, encode: this.#encode, mask: this.#mask } };
      }
    }
  }

  #round(siteId: string): SiteRound {
    return this.#sites.get(siteId)!.round;
  }

  #advertise(): (readonly [KeyAdvertisement, Uint8Array])[] {
    return Array.from(this.#sites.values(), ({ round, identity }) => {
      const advertisement = this.#keys.during(() => round.advertise());
      return [advertisement, identity.publicKey] as const;
    });
  }

  async #share(roster: KeyRoster): Promise<readonly (readonly [string, SealedShares])[]> {
    const shares: (readonly [string, SealedShares])[] = [];
    for (const [siteId, { round }] of this.#sites) {
      shares.push([siteId, await this.#keys.duringAsync(() => round.share(roster))]);
    }
    return shares;
  }

  #upload(siteId: string): SimulatedUpload {
    const { length, valueBits } = this.#setting.context;
    const round = this.#round(siteId);
    const quantiser = quantiserFor({ clipNorm: 1, sites: round.ringSites!, valueBits });
    this.#update ??= Float32Array.from({ length: length - EXTRA_ELEMENTS }, (_, i) => Math.sin(i) / 1000);
    // Weights that differ: a vector that was taken for another would show in the sum.
    const weight = (1 + this.#encode.length) / this.#sites.size;
    const start = performance.now();
    const vector = encodeUpdate(this.#update, weight, quantiser);
    this.#encode.push(performance.now() - start);
    addInto(this.#sum, vector);
    const masking = performance.now();
    const { header, chunks } = round.mask(vector);
    this.#mask.push(performance.now() - masking);
    return { siteId, header, chunks: [...chunks] };
  }

  #survivors<Message>(say: (round: SiteRound) => Message): readonly (readonly [string, Message])[] {
    const survivors = this.#setting.siteIds.filter((siteId) => !this.#setting.lost.has(siteId));
    return survivors.map((siteId) => [siteId, this.#reveal.during(() => say(this.#round(siteId)))] as const);
  }
}
