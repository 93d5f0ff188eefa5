import { AggregationError } from '../errors.ts';
import type { GroupParameters } from '../group-parameters.ts';
import { assertFullOrder } from '../keys/agreement.ts';
import { equalBytes } from '../keys/bytes.ts';
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
import { RemovalInTurns, type MaskRemoval } from '../masks/mask-removal.ts';
import { addInto } from '../masks/ring.ts';
import { centre, ringBitsFor, type RingBits } from '../ring/ring-width.ts';
import { groupsOf } from '../topology/grouping.ts';
import { nextTurn, type YieldTurn } from '../turns.ts';
import {
  assertEnough,
  assertFirst,
  assertHeader,
  assertRevealedShares,
  assertSealedShares,
  expectedMember,
} from './coordinator-checks.ts';
import { cohortOf, heardSites, remainingSites, type CoordinatorState } from './coordinator-state.ts';
import { KeyRegister, Roster, verifyAdvertisement, type Member } from './roster.ts';
import { assertRound, roundContext, type RoundContext } from './round-context.ts';
import type { SiteNumber } from './site-number.ts';
import {
  maskedStatement,
  revealStatement,
  sharesStatement,
  survivorsStatement,
  verifyStatement,
} from './transcript.ts';
import { reconstructMasks } from './unmasking.ts';
import { Upload, type UploadSink } from './upload.ts';

export interface CoordinatorRoundOptions extends RoundContext {
  /** The invited sites and their Ed25519 identity keys. */
  readonly sites: ReadonlyMap<string, Uint8Array>;
}

/**
 * The coordinator's part in one round of secure aggregation (Bonawitz et al., CCS 2017, figure 4, complete graph). Messages
 * of sites go in through `advertise`, `shares`, `beginUpload`, `confirm` and `reveal`; each `close...` call ends a phase,
 * fixes who is still in and gives the next message for them. When to close is the caller's business: there is no clock in
 * here. In a passive group nobody confirms, and `closeConsistency` follows `closeUploads` at once.
 *
 * A message that fails a check throws an AggregationError and leaves the round as it was: whoever sent it may be dropped and
 * the others go on. A message that comes again unchanged is passed over, so senders may repeat what was not acknowledged.
 * A `close...` call with too few sites throws `too-few-sites` and the phase stays open.
 *
 * There is no randomness in here either: the same messages in the same order make the same round, so a log of them is all
 * that a restart needs.
 *
 * Memory: one accumulator, whatever the number of sites, and n^2 shares of 82 bytes (0.8 MB for 100 sites).
 */
export class CoordinatorRound {
  readonly #context: RoundContext;
  readonly #invited: ReadonlyMap<string, Uint8Array>;
  #state: CoordinatorState = { phase: 'keys', register: new KeyRegister(), advertised: new Map() };
  #falseWitnesses: readonly string[] = [];

  private constructor(options: CoordinatorRoundOptions) {
    this.#context = roundContext(options);
    this.#invited = new Map(options.sites);
  }

  /** @throws AggregationError `malformed` */
  static begin(options: CoordinatorRoundOptions): CoordinatorRound {
    return new CoordinatorRound(options);
  }

  /**
   * R0.
   *
   * @throws AggregationError `unknown-site`, `wrong-round`, `malformed`, `bad-signature`, `weak-key`, `duplicate-site`,
   *   `duplicate-key`
   */
  advertise(message: KeyAdvertisement): void {
    const { register, advertised } = this.#in('keys');
    const identityKey = this.#invited.get(message.siteId);
    if (!identityKey) {
      throw new AggregationError('unknown-site', `${message.siteId} is not invited to this round.`, [message.siteId]);
    }
    verifyAdvertisement(this.#context, message, identityKey);
    assertFullOrder(message.channelKey);
    assertFullOrder(message.maskKey);
    if (isRepetition(message, advertised.get(message.siteId))) return;
    register.add(message, identityKey);
    advertised.set(message.siteId, message);
  }

  /** Fixes U1 of a cohort that is one group. @throws AggregationError `too-few-sites`, `too-many-sites` */
  closeKeys(): KeyRoster {
    const { advertised } = this.#in('keys');
    return this.#begin(Array.from(advertised.keys()).sort(), []);
  }

  /**
   * Fixes U1 and divides it: every group is a round of its own from here on. Of one group it is this very round. Without a
   * grouping there is one group.
   *
   * @throws AggregationError `too-few-sites`, `too-many-sites`
   */
  closeKeysInGroups(): readonly { readonly round: CoordinatorRound; readonly roster: KeyRoster }[] {
    const { advertised } = this.#in('keys');
    const cohort = Array.from(advertised.keys()).sort();
    const { grouping } = this.#context;
    const groups = grouping === undefined ? [cohort] : groupsOf(grouping, cohort);
    if (groups.length === 1) return [{ round: this, roster: this.closeKeys() }];
    const divided = groups.map((siteIds) => {
      const round = new CoordinatorRound({ ...this.#context, sites: this.#invited });
      round.#state = { phase: 'keys', register: new KeyRegister(), advertised };
      return { round, roster: round.#begin(siteIds, cohort) };
    });
    this.#state = { phase: 'divided' };
    return divided;
  }

  #begin(siteIds: readonly string[], cohort: readonly string[]): KeyRoster {
    const { advertised } = this.#in('keys');
    const advertisements = siteIds.map((siteId) => advertised.get(siteId)!);
    const identityKeys = siteIds.map((siteId) => this.#invited.get(siteId)!);
    const message = { roundId: this.#context.roundId, advertisements, identityKeys, cohort };
    const roster = Roster.ofVerified(this.#context, message);
    this.#state = { phase: 'shares', roster, sealed: new Map() };
    return message;
  }

  /**
   * R1.
   *
   * @throws AggregationError `unknown-site`, `wrong-round`, `wrong-roster`, `wrong-share`, `malformed`, `bad-signature`,
   *   `duplicate-site`
   */
  shares(siteId: string, message: SealedShares): void {
    const { roster, sealed } = this.#in('shares');
    const member = expectedMember(roster, siteId);
    assertRound(this.#context, message.roundId);
    assertSealedShares(roster, member, message);
    this.#verify(member, sharesStatement(message), message.signature);
    if (isRepetition(message, sealed.get(member.number))) return;
    assertFirst(sealed, member);
    sealed.set(member.number, message);
  }

  /** Fixes U2; each of its sites gets its delivery, by site id. @throws AggregationError `too-few-sites` */
  closeShares(): ReadonlyMap<string, ShareDelivery> {
    const { roster, sealed } = this.#in('shares');
    const sharingSites = ascending(sealed.keys());
    assertEnough(roster, sharingSites, 'shared their secrets');
    // Shared memory, so that threads can open it where it lies.
    const sum = new Int32Array(new SharedArrayBuffer(this.#context.length * Int32Array.BYTES_PER_ELEMENT));
    this.#state = { phase: 'uploads', roster, sharingSites, uploads: new Map(), sum };

    return new Map(
      sharingSites.map((to) => {
        const senders = sharingSites.filter((from) => from !== to);
        const shares = senders.map((from) => sealed.get(from)!.shares.find((share) => share.to === to)!);
        return [roster.member(to).siteId, { roundId: this.#context.roundId, sharingSites, shares }];
      }),
    );
  }

  /**
   * R2. A site that begins again with the header it has already sent goes on where it stopped.
   *
   * @throws AggregationError `unknown-site`, `wrong-round`, `wrong-plan`, `wrong-roster`, `malformed`, `bad-signature`,
   *   `already-masked` (a different vector from a site that has begun to upload one)
   */
  beginUpload(siteId: string, header: MaskedHeader): UploadSink {
    const { roster, sharingSites, uploads, sum } = this.#in('uploads');
    const member = expectedMember(roster, siteId, sharingSites);
    assertRound(this.#context, header.roundId);
    assertHeader(this.#context, roster, member, header);
    this.#verify(member, maskedStatement(header, sharingSites), header.signature);

    const begun = uploads.get(member.number);
    if (begun && isRepetition(header, begun.header)) return begun;
    if (begun) {
      throw new AggregationError('already-masked', `${siteId} masked a second vector in one round.`, [siteId]);
    }
    const upload = new Upload(siteId, header, this.#ringBits(roster), (elements, offset) =>
      addInto(sum.subarray(offset, offset + elements.length), elements),
    );
    uploads.set(member.number, upload);
    return upload;
  }

  /** Fixes U3: the sites whose upload is complete. @throws AggregationError `too-few-sites`, `spoilt-sum` */
  closeUploads(): ConsistencyRequest {
    const { roster, sharingSites, uploads, sum } = this.#in('uploads');
    const partial = Array.from(uploads).filter(([, upload]) => upload.isPartial);
    if (partial.length > 0) {
      const sites = roster.siteIds(partial.map(([number]) => number));
      throw new AggregationError('spoilt-sum', `The sum holds the vector of ${sites.join(', ')} in part.`, sites);
    }
    const complete = Array.from(uploads).filter(([, upload]) => upload.isComplete);
    const survivors = ascending(complete.map(([number]) => number));
    assertEnough(roster, survivors, 'uploaded a masked vector');
    for (const upload of uploads.values()) upload.close();
    this.#state = { phase: 'consistency', roster, sharingSites, sum, survivors, confirmed: new Map() };
    return { roundId: this.#context.roundId, survivors };
  }

  /**
   * R3, in active groups.
   *
   * @throws AggregationError `unknown-site`, `wrong-round`, `bad-signature`, `wrong-state` (a passive group)
   */
  confirm(siteId: string, message: SurvivorSignature): void {
    const { roster, sharingSites, survivors, confirmed } = this.#in('consistency');
    if (roster.parameters.mode === 'passive') {
      throw new AggregationError('wrong-state', `A group of ${roster.members.length} signs no survivors.`);
    }
    const member = expectedMember(roster, siteId, survivors);
    assertRound(this.#context, message.roundId);
    const statement = survivorsStatement(message.roundId, roster.hash, sharingSites, survivors);
    this.#verify(member, statement, message.signature);
    // Ed25519 is deterministic (RFC 8032): a second good signature of the same statement says nothing new.
    confirmed.set(member.number, message);
  }

  /** Fixes who vouches for U3. @throws AggregationError `unconfirmed` */
  closeConsistency(): RevealRequest {
    const state = this.#in('consistency');
    const { roster, survivors, confirmed } = state;
    const { mode, threshold } = roster.parameters;
    if (mode === 'active' && confirmed.size < threshold) {
      throw new AggregationError(
        'unconfirmed',
        `${confirmed.size} site(s) have signed the survivors; it takes ${threshold}.`,
      );
    }
    this.#state = { ...state, phase: 'reveals', revealed: new Map() };
    const witnesses = ascending(confirmed.keys()).map((site) => ({
      site,
      signature: confirmed.get(site)!.signature,
    }));
    return { roundId: this.#context.roundId, survivors, witnesses };
  }

  /**
   * R4.
   *
   * @throws AggregationError `unknown-site`, `wrong-round`, `wrong-share`, `bad-signature`, `duplicate-site`
   */
  reveal(siteId: string, message: RevealedShares): void {
    const { roster, sharingSites, survivors, revealed } = this.#in('reveals');
    const member = expectedMember(roster, siteId, survivors);
    assertRound(this.#context, message.roundId);
    assertRevealedShares(member, sharingSites, survivors, message);
    this.#verify(member, revealStatement(message, roster.hash, survivors), message.signature);
    if (isRepetition(message, revealed.get(member.number))) return;
    assertFirst(revealed, member);
    revealed.set(member.number, message);
  }

  /** Whether the sites sign the survivors; a group of three does not. */
  get mode(): GroupParameters['mode'] | null {
    return 'roster' in this.#state ? this.#state.roster.parameters.mode : null;
  }

  /** Whether a threshold of sites has revealed. More may still come in, and help if one of them lied. */
  get canUnmask(): boolean {
    const state = this.#state;
    return state.phase === 'reveals' && state.revealed.size >= state.roster.parameters.threshold;
  }

  /**
   * Removes every mask that is left in the sum and gives the sum of the survivors' vectors, centred: the accumulator
   * itself, not a copy, in shared memory. If a secret cannot be reconstructed the phase stays open, and further reveals may
   * still save it; if the removal fails, the sum is spoilt and the round is over.
   *
   * @param yieldTurn awaited every some milliseconds of work in this thread, so that other work gets its turn
   * @param maskRemoval how masks are taken out of the sum; by default in this thread
   * @throws AggregationError `wrong-state` (also before `canUnmask`), `bad-share` (its `sites` names who dealt the shares),
   *   `worker-failed`
   */
  async unmask(
    yieldTurn: YieldTurn = nextTurn,
    maskRemoval: MaskRemoval = new RemovalInTurns(yieldTurn),
  ): Promise<Int32Array> {
    const state = this.#in('reveals');
    if (!this.canUnmask) {
      throw new AggregationError(
        'wrong-state',
        `${state.revealed.size} site(s) have revealed; it takes ${state.roster.parameters.threshold}.`,
      );
    }
    this.#state = { ...state, phase: 'unmasking' };
    const { masks, falseWitnesses } = await reconstructMasks(state, this.#context.planHash, yieldTurn).catch(
      (error: unknown) => {
        this.#state = state;
        throw error;
      },
    );
    this.#falseWitnesses = state.roster.siteIds(falseWitnesses);
    await maskRemoval.remove(state.sum, masks);
    centre(state.sum, this.#ringBits(state.roster));
    this.#state = { ...state, phase: 'unmasked' };
    return state.sum;
  }

  /** Sites of the largest group, for `quantiserFor`; null until keys are closed. */
  get ringSites(): number | null {
    return 'roster' in this.#state ? this.#state.roster.ringSites : null;
  }

  get phase(): CoordinatorState['phase'] {
    return this.#state.phase;
  }

  /** U1: the ids of the sites in the roster, ascending; empty until keys are closed. */
  get cohort(): readonly string[] {
    return cohortOf(this.#state);
  }

  /** U3; empty until uploads are closed. */
  get survivors(): readonly string[] {
    return 'survivors' in this.#state ? this.#state.roster.siteIds(this.#state.survivors) : [];
  }

  /** Sites of the cohort that did not make it through a phase that is closed. */
  get dropped(): readonly string[] {
    const remaining = new Set(remainingSites(this.#state, this.#invited));
    return this.cohort.filter((siteId) => !remaining.has(siteId));
  }

  /** Sites whose message of the present phase has not come yet. */
  get missing(): readonly string[] {
    const heard = new Set(heardSites(this.#state));
    return remainingSites(this.#state, this.#invited).filter((siteId) => !heard.has(siteId));
  }

  /** Sites that `unmask` found to have revealed false shares; it got by without them. */
  get falseWitnesses(): readonly string[] {
    return this.#falseWitnesses;
  }

  #in<Phase extends CoordinatorState['phase']>(phase: Phase): Extract<CoordinatorState, { phase: Phase }> {
    if (this.#state.phase !== phase) {
      throw new AggregationError(
        'wrong-state',
        `Round ${this.#context.roundId} is in phase '${this.#state.phase}'; this belongs to phase '${phase}'.`,
      );
    }
    return this.#state as Extract<CoordinatorState, { phase: Phase }>;
  }

  #verify(member: Member, statement: Parameters<typeof verifyStatement>[3], signature: Uint8Array): void {
    verifyStatement(member.identityKey, this.#context, member.siteId, statement, signature);
  }

  #ringBits({ ringSites }: Roster): RingBits {
    return ringBitsFor(ringSites, this.#context.valueBits);
  }
}

function ascending(numbers: Iterable<SiteNumber>): readonly SiteNumber[] {
  return Array.from(numbers).sort((a, b) => a - b);
}

/** Both have been verified, so equal signatures mean equal messages. */
function isRepetition(message: { signature: Uint8Array }, earlier: { signature: Uint8Array } | undefined): boolean {
  return earlier !== undefined && equalBytes(message.signature, earlier.signature);
}
