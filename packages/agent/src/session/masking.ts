import {
  fewestSurvivors,
  noisySumRules,
  planMasking,
  planQuantiser,
  type PlanMasking,
  type PlanPrivacy,
  type SiteMessage,
  type SiteRoster,
  type UploadHeader,
} from '@noren/protocol';
import {
  addNoise,
  encodeNoisySumInTurns,
  encodeUpdateInTurns,
  noisyElements,
  noisyQuantiserFor,
  recordDelivery,
  recordReveal,
  recordShares,
  recordSurvivors,
  recordVector,
  SiteRound,
  siteRecord,
  type NoisyPart,
  type Identity,
  type ConsistencyRequest,
  type KeyRoster,
  type ResumableStep,
  type RevealRequest,
  type ShareDelivery,
  type SiteRecord,
  type SiteRoundOptions,
} from '@noren/secure-aggregation';
import type { SitePolicy } from '../policy/policy.ts';
import type { NoiseJob, Relearned } from '../relearning/trainer.ts';
import { updateWeight } from '../relearning/update-weight.ts';
import { AgentError } from '../agent-error.ts';
import { allFinite } from './all-finite.ts';
import type { VerifiedPlan } from './offer.ts';

export interface MaskedUpdate {
  readonly header: UploadHeader;
  /** The same bytes however often they are sent: the vector is masked once. */
  readonly chunks: readonly Uint8Array[];
  readonly bytes: number;
}

/** Whom the site masks with, and how a large cohort is divided. */
export interface Registered {
  /** The identity keys that the site's registrar lists; null without a registrar, where the coordinator says who they are. */
  readonly members: ReadonlyMap<string, Uint8Array> | null;
  /** The roster that the plan names; null where it names none. */
  readonly roster: SiteRoster | null;
}

export interface MaskingSetting {
  readonly offer: VerifiedPlan;
  readonly siteId: string;
  readonly identity: Identity;
  readonly policy: SitePolicy;
  readonly registered: Registered;
}

/** Awaited every some milliseconds of work, so that heartbeats go on; what it throws ends the work. */
type YieldTurn = () => Promise<void>;

/**
 * A round's secrets and the five messages made from them. Every wrong call or message throws AggregationError. The keys stay
 * in this thread, which is why the vector is quantised and masked here, in turns with its other work.
 *
 * Memory: the update (4 bytes a value) until it is quantised, then the one quantised vector (4 bytes a value), which is
 * masked where it lies; values of fewer bits (`valueBits`) are packed beside it.
 */
export class Masking {
  readonly #offer: VerifiedPlan;
  readonly #context: PlanMasking;
  readonly #round: SiteRound;
  #record: SiteRecord | null;

  private constructor({ offer, registered }: MaskingSetting, round: SiteRound, record: SiteRecord | null) {
    this.#offer = offer;
    this.#context = planMasking(offer.plan, offer.hash, registered.roster);
    this.#round = round;
    this.#record = record;
  }

  static begin(setting: MaskingSetting): Masking {
    return new Masking(setting, SiteRound.begin(optionsOf(setting)), null);
  }

  /**
   * Goes on from what `export` gave, which must not be older than the step that the site knows it has `reached`.
   *
   * @param record what `record` gave
   */
  static resume(
    setting: MaskingSetting,
    exported: Uint8Array,
    reached: ResumableStep,
    record: SiteRecord | null,
  ): Masking {
    return new Masking(setting, SiteRound.resume(optionsOf(setting), exported, reached), record);
  }

  /** What the sum's transcript is to be held against; null before the first message. */
  get record(): SiteRecord | null {
    return this.#record;
  }

  /** Secret: for the vault. */
  export(): Uint8Array {
    return this.#round.export();
  }

  advertise(): SiteMessage {
    const keys = this.#round.advertise();
    this.#record = siteRecord(this.#context, keys);
    return { kind: 'keyAdvertisement', ...keys };
  }

  async share(roster: KeyRoster): Promise<SiteMessage> {
    const shares = await this.#round.share(roster);
    this.#note((record) => recordShares(record, this.#context, roster, shares));
    return { kind: 'sealedShares', ...shares };
  }

  receiveShares(delivery: ShareDelivery): void {
    this.#round.receiveShares(delivery);
    this.#note((record) => recordDelivery(record, delivery));
  }

  /**
   * Clips, weighs and quantises, and in a private round adds the site's noise. Weight = min(examples, maximumWeight) /
   * maximumWeight; in a private round every site has the same.
   */
  async quantise(
    { update, examples, unclipped }: Relearned,
    drawNoise: (noise: NoiseJob) => Promise<Int32Array>,
    yieldTurn: YieldTurn,
  ): Promise<Int32Array> {
    const { plan, hash } = this.#offer;
    if (update.length !== plan.vectorLength || !allFinite(update)) {
      throw new AgentError(
        'training-failed',
        're-learning gave an update of the wrong length, or one that is not finite',
      );
    }
    if (plan.privacy != null) {
      return this.#quantiseWithNoise({ vector: update, count: unclipped ?? null }, plan.privacy, drawNoise, yieldTurn);
    }
    if (examples < 1) throw new AgentError('data-unusable', 'the site has no training example');
    const quantiser = planQuantiser(plan, hash, this.#ringSites());
    return encodeUpdateInTurns(update, updateWeight(examples, plan.update), quantiser, yieldTurn);
  }

  /** Every site and the coordinator have the quantiser from the size of the cohort, which all of them know. */
  #ringSites(): number {
    const { ringSites } = this.#round;
    if (ringSites === null) throw new AgentError('cancelled', 'the round is over for this site');
    return ringSites;
  }

  async #quantiseWithNoise(
    sum: NoisyPart,
    privacy: PlanPrivacy,
    drawNoise: (noise: NoiseJob) => Promise<Int32Array>,
    yieldTurn: YieldTurn,
  ): Promise<Int32Array> {
    const quantiser = noisyQuantiserFor(noisySumRules(this.#offer.plan, privacy, this.#ringSites()));
    const elements = await encodeNoisySumInTurns(sum, quantiser, yieldTurn);
    const { siteNoise: standardDeviation } = quantiser;
    if (standardDeviation === 0) return elements;
    const length = noisyElements(elements.length, quantiser);
    addNoise(elements, await drawNoise({ length, standardDeviation }));
    return elements;
  }

  /** Masks in place: `quantised` holds the masked vector afterwards. */
  async mask(quantised: Int32Array, yieldTurn: YieldTurn): Promise<MaskedUpdate> {
    const { header, chunks: packed } = await this.#round.maskInTurns(quantised, yieldTurn);
    this.#note((record) => recordVector(record, header));
    const chunks = [...packed];
    return { header, chunks, bytes: chunks.reduce((total, chunk) => total + chunk.length, 0) };
  }

  confirm(request: ConsistencyRequest): SiteMessage {
    const signed = this.#round.confirm(request);
    this.#note((record) => recordSurvivors(record, request));
    return { kind: 'survivorSignature', ...signed };
  }

  reveal(request: RevealRequest): SiteMessage {
    const shares = this.#round.reveal(request);
    this.#note((record) => recordReveal(record, request, shares));
    return { kind: 'revealedShares', ...shares };
  }

  #note(change: (record: SiteRecord) => SiteRecord): void {
    if (this.#record !== null) this.#record = change(this.#record);
  }
}

function optionsOf({
  offer,
  siteId,
  identity,
  policy,
  registered: { members, roster },
}: MaskingSetting): SiteRoundOptions {
  return {
    ...planMasking(offer.plan, offer.hash, roster),
    siteId,
    identity,
    ...(members === null ? {} : { registeredIdentities: members }),
    floor: {
      minimumSites: Math.max(policy.minimumSites, fewestSurvivors(offer.plan.privacy)),
      minimumThresholdFraction: policy.minimumThresholdFraction,
      minimumRosterFraction: policy.minimumRosterFraction,
    },
  };
}
