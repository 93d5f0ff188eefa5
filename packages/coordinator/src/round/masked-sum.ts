import { ProtocolError } from '@noren/protocol';
import type {
  CoordinatorMessage,
  Hash,
  PlanPrivacy,
  RoundPlan,
  SiteId,
  SiteMessage,
  UploadHeader,
  UploadReceiver,
} from '@noren/protocol';
import { AggregationError, CoordinatorRound, decodeSum, EXTRA_ELEMENTS, quantiserFor } from '@noren/secure-aggregation';
import type {
  ConsistencyRequest,
  DecodedSum,
  KeyRoster,
  Quantiser,
  RevealRequest,
  ShareDelivery,
  UploadSink,
} from '@noren/secure-aggregation';

import type { BlobStore } from '../blobs/blob-store.ts';
import { checkAggregate } from './aggregate.ts';
import type { YieldTurn } from './aggregate.ts';
import { addCoordinatorNoise, decodePrivateSum, privateQuantiser } from './private-sum.ts';
import type { SumEvidence } from './round-input.ts';

export interface OpenedSum {
  readonly evidence: SumEvidence;
  readonly meanUpdate: Float32Array;
}

/** What the sum is made and opened by. */
export type SumPlan = Pick<RoundPlan, 'update' | 'vectorLength' | 'privacy'>;

/** What a site says in the masking protocol, its upload aside. */
export type MaskingMessage = Extract<
  SiteMessage,
  { kind: 'keyAdvertisement' | 'sealedShares' | 'survivorSignature' | 'revealedShares' }
>;

/** The secure aggregation of one round, with the messages kept that may have to be sent again. */
export class MaskedSum {
  readonly #ring: CoordinatorRound;
  readonly #plan: SumPlan;
  #roster: KeyRoster | null = null;
  #deliveries: ReadonlyMap<string, ShareDelivery> = new Map();
  #survived: ConsistencyRequest | null = null;
  #request: RevealRequest | null = null;
  #bytesUp = 0;

  constructor(o: {
    readonly roundId: string;
    readonly planHash: Uint8Array;
    readonly plan: SumPlan;
    readonly identityKeys: ReadonlyMap<string, Uint8Array>;
  }) {
    const { roundId, planHash, identityKeys: sites, plan } = o;
    const length = plan.vectorLength + EXTRA_ELEMENTS;
    const { valueBits } = plan.update;
    this.#ring = CoordinatorRound.begin({ roundId, planHash, length, valueBits, sites });
    this.#plan = plan;
  }

  /** Takes a verified answer in, or throws AggregationError: the sender broke the protocol. */
  take(site: SiteId, message: MaskingMessage): void {
    switch (message.kind) {
      case 'keyAdvertisement':
        if (message.siteId !== site)
          throw new AggregationError('unknown-site', `${site} advertised keys of another site.`);
        return this.#ring.advertise(message);
      case 'sealedShares':
        return this.#ring.shares(site, message);
      case 'survivorSignature':
        return this.#ring.confirm(site, message);
      case 'revealedShares':
        return this.#ring.reveal(site, message);
    }
  }

  /** Fixes U1. */
  closeKeys(): readonly string[] {
    this.#roster = this.#ring.closeKeys();
    return this.#ring.cohort;
  }

  /** Fixes U2. */
  closeShares(): readonly string[] {
    this.#deliveries = this.#ring.closeShares();
    return [...this.#deliveries.keys()];
  }

  /** Fixes U3; the sites that have to sign it. */
  closeUpdates(): readonly string[] {
    this.#survived = this.#ring.closeUploads();
    return this.#ring.mode === 'active' ? this.#ring.survivors : [];
  }

  /** Fixes who vouches for U3. */
  closeConfirmations(): readonly string[] {
    this.#request = this.#ring.closeConsistency();
    return this.#ring.survivors;
  }

  /** What the coordinator asks the site in this step; null before the step, or when there is nothing for the site. */
  question(site: SiteId, step: 'shares' | 'updates' | 'confirmations' | 'reveals'): CoordinatorMessage | null {
    switch (step) {
      case 'shares':
        return this.#roster === null ? null : { kind: 'keyRoster', ...this.#roster };
      case 'updates': {
        const delivery = this.#deliveries.get(site);
        return delivery === undefined ? null : { kind: 'shareDelivery', ...delivery };
      }
      case 'confirmations':
        return this.#survived === null ? null : { kind: 'consistencyRequest', ...this.#survived };
      case 'reveals':
        return this.#request === null ? null : { kind: 'revealRequest', ...this.#request };
    }
  }

  /** Throws AggregationError. The same sink again for the header that the site has already sent. */
  upload(site: SiteId, header: UploadHeader): UploadSink {
    const sink = this.#ring.beginUpload(site, header);
    return {
      chunk: (index, data) => {
        const isNext = sink.chunk(index, data);
        this.#bytesUp += data.length;
        return isNext;
      },
      complete: () => sink.complete(),
    };
  }

  /** Opens the sum, stores it as it is (little-endian Int32), decodes and checks it. */
  async open(blobs: BlobStore, yieldTurn: YieldTurn): Promise<OpenedSum> {
    const sum = await this.#ring.unmask(yieldTurn);
    const { privacy } = this.#plan;
    if (privacy != null) return this.#openPrivately(sum, privacy, blobs, yieldTurn);
    const hash: Hash = await blobs.write(new Uint8Array(sum.buffer, sum.byteOffset, sum.byteLength));
    const { decoded, quantiser } = decodeRing(sum, this.#plan, this.#ring.cohort.length);
    const norm = await checkAggregate(decoded, { survivors: this.#ring.survivors.length, quantiser, yieldTurn });
    const { weight, clipped, meanUpdate } = decoded;
    return { evidence: { sum: hash, weight, clipped, norm, bytesUp: this.#bytesUp }, meanUpdate };
  }

  /** No weights, no count of clipped updates: in a private round neither is told. */
  async #openPrivately(
    sum: Int32Array,
    privacy: PlanPrivacy,
    blobs: BlobStore,
    yieldTurn: YieldTurn,
  ): Promise<OpenedSum> {
    const quantiser = privateQuantiser(this.#plan, privacy, this.#ring.cohort.length);
    await addCoordinatorNoise(sum, quantiser, yieldTurn);
    const hash: Hash = await blobs.write(new Uint8Array(sum.buffer, sum.byteOffset, sum.byteLength));
    const survivors = this.#ring.survivors.length;
    const { meanUpdate, norm } = await decodePrivateSum(sum, { privacy, quantiser, survivors, yieldTurn });
    return { evidence: { sum: hash, weight: survivors, clipped: 0, norm, bytesUp: this.#bytesUp }, meanUpdate };
  }

  /** Bytes of masked updates received so far. */
  get bytesUp(): number {
    return this.#bytesUp;
  }

  /** Survivors whose shares were found to be false; the sum was opened without them. */
  get falseWitnesses(): readonly string[] {
    return this.#ring.falseWitnesses;
  }
}

/** The mean update in a sum that was opened, checked and stored before; in a private round its noise is in it. */
export async function meanUpdateOf(
  blobs: BlobStore,
  sum: Hash,
  o: { readonly plan: SumPlan; readonly cohort: number; readonly survivors: number; readonly yieldTurn: YieldTurn },
): Promise<Float32Array> {
  const { plan, cohort, survivors, yieldTurn } = o;
  const bytes = await blobs.read(sum);
  // A copy, because a typed array must begin at a multiple of its element's size.
  const ring = new Int32Array(bytes.slice().buffer);
  const { privacy } = plan;
  if (privacy == null) return decodeRing(ring, plan, cohort).decoded.meanUpdate;
  const quantiser = privateQuantiser(plan, privacy, cohort);
  return (await decodePrivateSum(ring, { privacy, quantiser, survivors, yieldTurn })).meanUpdate;
}

/** The sites derive the same quantiser from the roster, the one list that all of them hold. `sites`: in the roster. */
function decodeRing(
  sum: Int32Array,
  { update: { clipNorm, valueBits } }: SumPlan,
  sites: number,
): { readonly decoded: DecodedSum; readonly quantiser: Quantiser } {
  const quantiser = quantiserFor({ clipNorm, sites, valueBits });
  return { decoded: decodeSum(sum, quantiser), quantiser };
}

/** Swallows an upload that arrived before and whose receipt was lost: the site must learn that all is well. */
export const REPEATED_UPLOAD: UploadReceiver = {
  chunk: () => Promise.resolve(),
  complete: () => Promise.resolve(),
  aborted: () => undefined,
};

export function notAwaited(round: string): ProtocolError {
  return new ProtocolError('wrong-state', `Round ${round} does not wait for an update of this site.`);
}
