import { AggregationError } from '../errors.ts';
import { isSparse, type GroupParameters } from '../group-parameters.ts';
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
import { nextTurn, type YieldTurn } from '../turns.ts';
import {
  assertEnough,
  assertFirst,
  assertHeader,
  assertOpenable,
  assertRevealedShares,
  assertSealedShares,
  expectedMember,
} from './coordinator-checks.ts';
import { cohortOf, heardSites, remainingSites, type CoordinatorState } from './coordinator-state.ts';
import { layoutsOf, type Layout } from './layout.ts';
import { neighboursIn } from './masking-graph.ts';
import { KeyRegister, Roster, verifyAdvertisement, type Member } from './roster.ts';
import { assertRound, roundContext, type RoundContext } from './round-context.ts';
import { ShareTally } from './share-tally.ts';
import { SignedStatements } from './signed-statements.ts';
import type { SiteNumber } from './site-number.ts';
import { SiteSet } from './site-set.ts';
import { sumTranscript, type SumTranscript } from './sum-transcript.ts';
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
 * The coordinator's part in one round of secure aggregation (Bonawitz et al., CCS 2017, figure 4; in a large flat cohort on a
 * sparse graph, Bell et al., CCS 2020). Messages of sites go in through `advertise`, `shares`, `beginUpload`, `confirm` and
 * `reveal`; each `close...` call ends a phase,
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
 * Memory: one accumulator, whatever the number of sites, and n^2 shares of 82 bytes (0.8 MB for 100 sites); on a sparse graph n
 * times its degree of them (130 MB for 10,000 sites).
 */
export class CoordinatorRound {
  readonly #context: RoundContext;
  readonly #invited: ReadonlyMap<string, Uint8Array>;
  #state: CoordinatorState = { phase: 'keys', register: new KeyRegister(), advertised: new Map() };
  #falseWitnesses: readonly string[] = [];
  readonly #signed = new SignedStatements();

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

  /** Fixes U1 of a cohort that is one complete graph. @throws AggregationError `too-few-sites`, `too-many-sites` */
  closeKeys(): KeyRoster {
    const roster = this.#begin(layoutsOf(undefined, this.#advertised()).at(0)!);
    return roster.messageFor(0 as SiteNumber);
  }

  /**
   * Fixes U1 and divides it: every group is a round of its own from here on. Of one group it is this very round. Without a
   * grouping there is one group. `rosters` has what each site is shown, by site id.
   *
   * @throws AggregationError as `groupsOf`
   */
  closeKeysInGroups(): readonly {
    readonly round: CoordinatorRound;
    readonly rosters: ReadonlyMap<string, KeyRoster>;
  }[] {
    const { advertised } = this.#in('keys');
    const layouts = layoutsOf(this.#context.grouping, this.#advertised());
    const divided = layouts.map((layout) => {
      const round = layouts.length === 1 ? this : new CoordinatorRound({ ...this.#context, sites: this.#invited });
      if (round !== this) round.#state = { phase: 'keys', register: new KeyRegister(), advertised };
      return { round, rosters: rostersBySite(round.#begin(layout)) };
    });
    if (layouts.length > 1) this.#state = { phase: 'divided' };
    return divided;
  }

  #advertised(): readonly string[] {
    return Array.from(this.#in('keys').advertised.keys()).sort();
  }

  #begin(layout: Layout): Roster {
    const { advertised } = this.#in('keys');
    const roster = Roster.ofVerified(this.#context, layout, advertised, this.#invited);
    this.#state = { phase: 'shares', roster, sealed: new Map() };
    return roster;
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

  /**
   * Fixes U2; each of its sites gets its delivery, by site id.
   *
   * @throws AggregationError `too-few-sites`; on a sparse graph also if so many about one site are lost that nobody could open
   *   it (`sites` names it)
   */
  closeShares(): ReadonlyMap<string, ShareDelivery> {
    const { roster, sealed } = this.#in('shares');
    const sharingSites = SiteSet.of(sealed.keys());
    assertEnough(roster, sharingSites, 'shared their secrets');
    assertOpenable(roster, sharingSites, sharingSites);
    // Shared memory, so that threads can open it where it lies.
    const sum = new Int32Array(new SharedArrayBuffer(this.#context.length * Int32Array.BYTES_PER_ELEMENT));
    this.#state = { phase: 'uploads', roster, sharingSites, uploads: new Map(), sum };

    return new Map(
      sharingSites.numbers.map((to) => {
        const senders = neighboursIn(roster.graph, to, sharingSites);
        const shares = senders.map((from) => sealed.get(from)!.shares.find((share) => share.to === to)!);
        return [
          roster.member(to).siteId,
          { roundId: this.#context.roundId, sharingSites: sharingSites.numbers, shares },
        ];
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

  /**
   * Fixes U3: the sites whose upload is complete.
   *
   * @throws AggregationError `too-few-sites`, as `closeShares`; `spoilt-sum`
   */
  closeUploads(): ConsistencyRequest {
    const { roster, sharingSites, uploads, sum } = this.#in('uploads');
    const partial = Array.from(uploads).filter(([, upload]) => upload.isPartial);
    if (partial.length > 0) {
      const sites = roster.siteIds(partial.map(([number]) => number));
      throw new AggregationError('spoilt-sum', `The sum holds the vector of ${sites.join(', ')} in part.`, sites);
    }
    const complete = Array.from(uploads).filter(([, upload]) => upload.isComplete);
    const survivors = SiteSet.of(complete.map(([number]) => number));
    assertEnough(roster, survivors, 'uploaded a masked vector');
    assertOpenable(roster, sharingSites, survivors);
    for (const upload of uploads.values()) upload.close();
    this.#state = { phase: 'consistency', roster, sharingSites, sum, survivors, confirmed: new Map() };
    return { roundId: this.#context.roundId, survivors: survivors.numbers };
  }

  /**
   * R3, in active groups.
   *
   * @throws AggregationError `unknown-site`, `wrong-round`, `bad-signature`, `wrong-state` (a passive group)
   */
  confirm(siteId: string, message: SurvivorSignature): void {
    const { roster, sharingSites, survivors, confirmed } = this.#in('consistency');
    if (roster.parameters.mode === 'passive') {
      throw new AggregationError('wrong-state', `A group of ${roster.ids.length} signs no survivors.`);
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
    const { roster, sharingSites, survivors, confirmed } = state;
    const { mode, signatures, threshold } = roster.parameters;
    const witnesses = roster.graph.signers.flatMap((site) => {
      const message = confirmed.get(site);
      return message ? [{ site, signature: message.signature }] : [];
    });
    if (mode === 'active' && witnesses.length < signatures) {
      throw new AggregationError(
        'unconfirmed',
        `${witnesses.length} of the ${roster.graph.signers.length} sites that sign have signed the survivors; it takes ${signatures}.`,
      );
    }
    const tally = new ShareTally(sharingSites, threshold);
    this.#state = { ...state, phase: 'reveals', revealed: new Map(), tally };
    return { roundId: this.#context.roundId, survivors: survivors.numbers, witnesses };
  }

  /**
   * R4.
   *
   * @throws AggregationError `unknown-site`, `wrong-round`, `wrong-share`, `bad-signature`, `duplicate-site`
   */
  reveal(siteId: string, message: RevealedShares): void {
    const { roster, sharingSites, survivors, revealed, tally } = this.#in('reveals');
    const member = expectedMember(roster, siteId, survivors);
    assertRound(this.#context, message.roundId);
    assertRevealedShares(roster, member, sharingSites, survivors, message);
    this.#verify(member, revealStatement(message, roster.hash, survivors), message.signature);
    if (isRepetition(message, revealed.get(member.number))) return;
    assertFirst(revealed, member);
    revealed.set(member.number, message);
    tally.add(message.shares.map(({ of }) => of as SiteNumber));
  }

  /** Whether the sites sign the survivors; a group of three does not. */
  get mode(): GroupParameters['mode'] | null {
    return 'roster' in this.#state ? this.#state.roster.parameters.mode : null;
  }

  /** Whether there is a threshold of shares of every secret. More may still come in, and help if one of them lied. */
  get canUnmask(): boolean {
    return this.#state.phase === 'reveals' && this.#state.tally.isComplete;
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
      const closed = state.roster.siteIds(state.tally.short);
      throw new AggregationError(
        'wrong-state',
        `${state.revealed.size} site(s) have revealed; that leaves fewer than ${state.roster.parameters.threshold} shares of the secrets of ${closed.length}.`,
        closed,
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
    const { sum, ...opened } = state;
    this.#state = { ...opened, phase: 'unmasked' };
    return sum;
  }

  /** Most sites that a sum may have, for `quantiserFor`; null until keys are closed. */
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

  /** What the sum rests on, or that there is none; null until keys are closed. */
  get transcript(): SumTranscript | null {
    return 'roster' in this.#state ? sumTranscript(this.#context, this.#state, this.#signed) : null;
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
    this.#signed.note(member.number, statement, signature);
  }

  #ringBits({ ringSites }: Roster): RingBits {
    return ringBitsFor(ringSites, this.#context.valueBits);
  }
}

/** Of a complete graph every site is shown the same. */
function rostersBySite(roster: Roster): ReadonlyMap<string, KeyRoster> {
  const everybody = isSparse(roster.parameters) ? null : roster.messageFor(0 as SiteNumber);
  return new Map(roster.ids.map((id, number) => [id, everybody ?? roster.messageFor(number as SiteNumber)]));
}

/** Both have been verified, so equal signatures mean equal messages. */
function isRepetition(message: { signature: Uint8Array }, earlier: { signature: Uint8Array } | undefined): boolean {
  return earlier !== undefined && equalBytes(message.signature, earlier.signature);
}
