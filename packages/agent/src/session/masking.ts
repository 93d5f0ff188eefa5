import type { SiteMessage, UploadHeader } from '@noren/protocol';
import {
  EXTRA_ELEMENTS,
  encodeUpdate,
  quantiserFor,
  SiteRound,
  type Identity,
  type ConsistencyRequest,
  type KeyRoster,
  type RevealRequest,
  type ShareDelivery,
} from '@noren/secure-aggregation';
import type { SitePolicy } from '../policy/policy.ts';
import type { Relearned } from '../relearning/trainer.ts';
import { AgentError } from '../agent-error.ts';
import { allFinite } from './all-finite.ts';
import type { VerifiedPlan } from './offer.ts';

export interface MaskedUpdate {
  readonly header: UploadHeader;
  /** The same bytes however often they are sent: the vector is masked once. */
  readonly chunks: readonly Uint8Array[];
  readonly bytes: number;
}

/** A round's secrets and the five messages made from them. Every wrong call or message throws AggregationError. */
export class Masking {
  readonly #plan: VerifiedPlan['plan'];
  readonly #round: SiteRound;
  #sites = 0;

  /** `members`: the identity keys that the site's registrar lists, null without a registrar. */
  constructor(
    offer: VerifiedPlan,
    siteId: string,
    identity: Identity,
    policy: SitePolicy,
    members: ReadonlyMap<string, Uint8Array> | null,
  ) {
    this.#plan = offer.plan;
    this.#round = SiteRound.begin({
      roundId: offer.plan.roundId,
      siteId,
      planHash: offer.hash,
      length: offer.plan.vectorLength + EXTRA_ELEMENTS,
      valueBits: offer.plan.update.valueBits,
      identity,
      ...(members === null ? {} : { registeredIdentities: members }),
      floor: { minimumSites: policy.minimumSites, minimumThresholdFraction: policy.minimumThresholdFraction },
    });
  }

  advertise(): SiteMessage {
    return { kind: 'keyAdvertisement', ...this.#round.advertise() };
  }

  async share(roster: KeyRoster): Promise<SiteMessage> {
    const shares = await this.#round.share(roster);
    // Every site and the coordinator derive the quantiser from the roster, the one list all of them hold.
    this.#sites = roster.advertisements.length;
    return { kind: 'sealedShares', ...shares };
  }

  receiveShares(delivery: ShareDelivery): void {
    this.#round.receiveShares(delivery);
  }

  /** Clips, weighs and quantises. Weight = min(examples, maximumWeight) / maximumWeight. */
  quantise({ update, examples }: Relearned): Int32Array {
    const { clipNorm, maximumWeight, valueBits } = this.#plan.update;
    if (update.length !== this.#plan.vectorLength || !allFinite(update)) {
      throw new AgentError(
        'training-failed',
        're-learning gave an update of the wrong length, or one that is not finite',
      );
    }
    if (examples < 1) throw new AgentError('data-unusable', 'the site has no training example');
    const weight = Math.min(examples, maximumWeight) / maximumWeight;
    return encodeUpdate(update, weight, quantiserFor({ clipNorm, sites: this.#sites, valueBits }));
  }

  /** Masks in place: `quantised` holds the masked vector afterwards. */
  mask(quantised: Int32Array): MaskedUpdate {
    const { header, chunks: packed } = this.#round.mask(quantised);
    const chunks = [...packed];
    return { header, chunks, bytes: chunks.reduce((total, chunk) => total + chunk.length, 0) };
  }

  confirm(request: ConsistencyRequest): SiteMessage {
    return { kind: 'survivorSignature', ...this.#round.confirm(request) };
  }

  reveal(request: RevealRequest): SiteMessage {
    return { kind: 'revealedShares', ...this.#round.reveal(request) };
  }
}
