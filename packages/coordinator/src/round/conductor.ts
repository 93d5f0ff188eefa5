import { ProtocolError } from '@noren/protocol';
import type { CoordinatorMessage, RoundPlan, SiteId, SiteMessage, UploadHeader, UploadReceiver } from '@noren/protocol';
import { AggregationError } from '@noren/secure-aggregation';
import type { Logger } from 'pino';

import type { BlobStore } from '../blobs/blob-store.ts';
import type { Clock } from '../clock.ts';
import type { EventBody } from '../federation/federation-event.ts';
import type { Journal } from '../store/journal.ts';
import type { YieldTurn } from './aggregate.ts';
import { makeCandidate } from './candidate.ts';
import { MaskedSum, notAwaited, REPEATED_UPLOAD } from './masked-sum.ts';
import type { MaskingMessage } from './masked-sum.ts';
import { advance, plannedRound } from './round-machine.ts';
import type { RoundAction, RoundInput } from './round-input.ts';
import { effectiveDeadline, isAwaited, reached } from './round-state.ts';
import type { RoundState, Step } from './round-state.ts';
import { roundRules } from './round-rules.ts';

export interface ConductorParts {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly blobs: BlobStore;
  readonly log: Logger;
  readonly yieldTurn: YieldTurn;
  send(site: SiteId, message: CoordinatorMessage): void;
}

/** What a round is made from; its plan is in the log already. */
export interface RoundBrief {
  readonly plan: RoundPlan;
  readonly planHash: Uint8Array;
  readonly offer: Extract<CoordinatorMessage, { kind: 'roundOffer' }>;
  /** Ed25519 identity key of every enrolled site. */
  readonly identityKeys: ReadonlyMap<string, Uint8Array>;
}

/** Longest reason that a message may carry, characters. */
const REASON_LENGTH = 2000;

/**
 * Drives one round: turns verified messages, lost connections and time into inputs of the round machine, one after the
 * other, and carries out its actions in order. Facts are on disk before the messages that rest on them are sent.
 */
export class Conductor {
  readonly #parts: ConductorParts;
  readonly #brief: RoundBrief;
  readonly #sum: MaskedSum;
  readonly #finish: () => void;
  /** Resolves when the round has ended and everybody connected was told. */
  readonly finished: Promise<void>;
  #state: RoundState;
  #queue: Promise<unknown> = Promise.resolve();
  #cancelTimer: (() => void) | null = null;
  #meanUpdate: Float32Array | null = null;

  constructor(parts: ConductorParts, brief: RoundBrief) {
    const { plan, planHash, identityKeys } = brief;
    const { roundId } = plan;
    this.#parts = { ...parts, log: parts.log.child({ round: plan.round }) };
    this.#brief = brief;
    this.#sum = new MaskedSum({ roundId, planHash, plan, identityKeys });
    this.#state = plannedRound({ id: roundId, number: plan.round, rules: roundRules(plan) });
    let finish = (): void => undefined;
    this.finished = new Promise((resolve) => (finish = resolve));
    this.#finish = finish;
  }

  get state(): RoundState {
    return this.#state;
  }

  /** Bytes of masked updates received so far. */
  get bytesUp(): number {
    return this.#sum.bytesUp;
  }

  happen(input: RoundInput): Promise<void> {
    // A site that enrolled after the round was planned is in no list of it: it is asked the next time.
    if (input.kind === 'connected' && !this.#brief.identityKeys.has(input.site)) return Promise.resolve();
    return this.#enqueue(() => this.#take(input));
  }

  /** A site's message; those of other rounds and those that come too late are passed over. */
  message(site: SiteId, message: SiteMessage): Promise<void> {
    if (!('roundId' in message) || message.roundId !== this.#state.id) return Promise.resolve();
    return this.#enqueue(async () => {
      const input = this.#inputOf(site, message);
      if (input !== null) await this.#take(input);
    });
  }

  /** Rejects with ProtocolError when the round does not wait for this site's update. */
  upload(site: SiteId, header: UploadHeader): Promise<UploadReceiver> {
    return this.#enqueue(async () => {
      const { id } = this.#state;
      if (header.roundId !== id) throw notAwaited(header.roundId);
      if (this.#hasUploaded(site)) return REPEATED_UPLOAD;
      if (!isAwaited(this.#state, site, 'updates')) throw notAwaited(id);
      const done = (complete: () => void): Promise<void> => this.#enqueue(() => this.#uploaded(site, complete));
      const receiver = await this.#guarded(site, () => this.#sum.upload(site, header, done));
      await this.#take({ kind: 'uploading', site });
      return { ...receiver, chunk: (index, data) => this.#guarded(site, () => receiver.chunk(index, data)) };
    });
  }

  async #uploaded(site: SiteId, complete: () => void): Promise<void> {
    // A site that lost its connection may send again while its first attempt still ends well.
    if (this.#hasUploaded(site)) return;
    if (!isAwaited(this.#state, site, 'updates')) throw notAwaited(this.#state.id);
    await this.#guarded(site, complete);
    await this.#take({ kind: 'uploaded', site });
  }

  #hasUploaded(site: SiteId): boolean {
    const member = this.#state.members.get(site);
    return member !== undefined && reached(member, 'uploaded');
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  /** Whoever breaks the masking protocol is out, and told what it did. */
  async #guarded<T>(site: SiteId, work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AggregationError)) throw error;
      if (error.code === 'wrong-state') throw notAwaited(this.#state.id);
      void this.happen({ kind: 'excluded', site, reason: `broke the masking protocol: ${error.message}` });
      throw new ProtocolError('invalid-message', error.message, { cause: error });
    }
  }

  #inputOf(site: SiteId, message: SiteMessage): RoundInput | null {
    switch (message.kind) {
      case 'offerReply':
        return message.accepted
          ? { kind: 'accepted', site }
          : { kind: 'refused', site, reason: message.reason || 'the site gave no reason' };
      case 'keyAdvertisement':
        return this.#taken(site, 'advertisements', message) ?? { kind: 'advertised', site };
      case 'sealedShares':
        return this.#taken(site, 'shares', message) ?? { kind: 'shared', site };
      case 'survivorSignature':
        return this.#taken(site, 'confirmations', message) ?? { kind: 'confirmed', site };
      case 'revealedShares':
        return this.#taken(site, 'reveals', message) ?? { kind: 'revealed', site };
      case 'evaluationReport': {
        const { kind: _kind, ...report } = message;
        return report.candidateHash === this.#state.candidate ? { kind: 'reported', site, report } : null;
      }
      case 'withdrawal':
        return { kind: 'left', site, reason: message.reason || 'the site gave no reason' };
      default:
        return null;
    }
  }

  /** Null when the masking protocol has taken the message in; else the input that puts the site out, or a no-op. */
  #taken(site: SiteId, step: Step, message: MaskingMessage): RoundInput | null {
    if (!isAwaited(this.#state, site, step)) return { kind: 'tick' };
    try {
      this.#sum.take(site, message);
      return null;
    } catch (error) {
      if (!(error instanceof AggregationError)) throw error;
      return { kind: 'excluded', site, reason: `broke the masking protocol: ${error.message}` };
    }
  }

  async #take(input: RoundInput): Promise<void> {
    const { journal, clock, log } = this.#parts;
    if (journal.broken !== null) return this.#abandon();
    const before = this.#state.phase;
    const { state, actions } = advance(this.#state, input, clock.now());
    this.#state = state;
    if (state.phase !== before) log.info({ phase: state.phase }, 'the round goes on');
    this.#setTimer();
    try {
      await this.#carryOut(actions);
    } catch (error) {
      if (journal.broken !== null) return this.#abandon();
      log.error({ err: error }, 'a step of the round failed');
      await this.#take({ kind: 'broken', reason: sentence(error) });
    }
  }

  /** After a failed write nothing may happen any more: the coordinator stops, and the next start closes the round. */
  #abandon(): void {
    this.#cancelTimer?.();
    this.#finish();
  }

  #setTimer(): void {
    const { clock } = this.#parts;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const deadline = effectiveDeadline(this.#state);
    if (deadline === null) return;
    this.#cancelTimer = clock.after(Math.max(0, deadline - clock.now()), () => void this.happen({ kind: 'tick' }));
  }

  async #carryOut(actions: readonly RoundAction[]): Promise<void> {
    let facts: EventBody[] = [];
    for (const action of actions) {
      if (action.kind === 'record') {
        facts.push({ ...action.fact, roundId: this.#state.id });
        continue;
      }
      if (action.kind === 'close') return this.#close(action, facts);
      if (facts.length > 0) await this.#parts.journal.append(...facts);
      facts = [];
      this.#act(action);
    }
    if (facts.length > 0) await this.#parts.journal.append(...facts);
  }

  #act(action: Exclude<RoundAction, { kind: 'record' | 'close' }>): void {
    switch (action.kind) {
      case 'offer':
        for (const site of action.sites) this.#remind(site, 'replies');
        return;
      case 'close-keys':
        for (const site of this.#sum.closeKeys()) this.#remind(site as SiteId, 'shares');
        return;
      case 'close-shares':
        for (const site of this.#sum.closeShares()) this.#remind(site as SiteId, 'updates');
        return;
      case 'close-updates':
        for (const site of this.#sum.closeUpdates()) this.#remind(site as SiteId, 'confirmations');
        return;
      case 'close-confirmations':
        for (const site of this.#sum.closeConfirmations()) this.#remind(site as SiteId, 'reveals');
        return;
      case 'open-sum':
        return this.#compute(() => this.#openSum());
      case 'make-candidate':
        return this.#compute(() => this.#makeCandidate());
      case 'announce':
        for (const site of action.sites) this.#remind(site, 'reports');
        return;
      case 'remind':
        if (this.#state.step !== null) this.#remind(action.site, this.#state.step);
        return;
      case 'dismiss':
        return this.#parts.send(action.site, this.#closing('failed', action.reason));
    }
  }

  /** Sends what the step sends; again, if need be. */
  #remind(site: SiteId, step: Step): void {
    const message = this.#messageOf(site, step);
    if (message !== null) this.#parts.send(site, message);
  }

  #messageOf(site: SiteId, step: Step): CoordinatorMessage | null {
    const { id: roundId, candidate: candidateHash } = this.#state;
    const [roster, delivery] = [this.#sum.roster(), this.#sum.delivery(site)];
    const [survived, request] = [this.#sum.survived(), this.#sum.request()];
    switch (step) {
      case 'replies':
      case 'advertisements':
        return this.#brief.offer;
      case 'shares':
        return roster === null ? null : { kind: 'keyRoster', ...roster };
      case 'updates':
        return delivery === null ? null : { kind: 'shareDelivery', ...delivery };
      case 'confirmations':
        return survived === null ? null : { kind: 'consistencyRequest', ...survived };
      case 'reveals':
        return request === null ? null : { kind: 'revealRequest', ...request };
      case 'reports':
        return candidateHash === null ? null : { kind: 'candidateAnnouncement', roundId, candidateHash };
      default:
        return null;
    }
  }

  /** Beside the queue, so that messages go on being heard; the result comes back as an input. */
  #compute(work: () => Promise<RoundInput>): void {
    const run = async (): Promise<void> => {
      let input: RoundInput;
      try {
        input = await work();
      } catch (error) {
        input = { kind: 'broken', reason: sentence(error) };
      }
      await this.happen(input);
    };
    void run();
  }

  async #openSum(): Promise<RoundInput> {
    const { blobs, yieldTurn, log } = this.#parts;
    const { evidence, meanUpdate } = await this.#sum.open(blobs, yieldTurn);
    this.#meanUpdate = meanUpdate;
    const { falseWitnesses } = this.#sum;
    if (falseWitnesses.length > 0) log.warn({ sites: falseWitnesses }, 'sites revealed false shares');
    return { kind: 'opened', evidence };
  }

  async #makeCandidate(): Promise<RoundInput> {
    const { blobs, yieldTurn, journal } = this.#parts;
    const { server, release } = this.#brief.plan;
    const moments = journal.state.release?.moments ?? null;
    const update = this.#meanUpdate ?? new Float32Array();
    this.#meanUpdate = null;
    const made = await makeCandidate({ blobs, server, release, moments, update, yieldTurn });
    return { kind: 'candidate', hash: made.candidate, moments: made.moments };
  }

  async #close(action: Extract<RoundAction, { kind: 'close' }>, facts: readonly EventBody[]): Promise<void> {
    const { journal, log } = this.#parts;
    const { outcome, difference } = action;
    const reason = action.reason.slice(0, REASON_LENGTH);
    const { id: roundId, number, members } = this.#state;
    // The facts of this very transition go first: the release's evidence is folded from them.
    if (facts.length > 0) await journal.append(...facts);
    await journal.change((state) => {
      const closed: EventBody = { kind: 'round-closed', roundId, outcome, reason, difference };
      const round = state.rounds.find(({ id }) => id === roundId);
      if (outcome !== 'accepted' || state.release === null || round?.candidate == null) {
        return { events: [closed], result: undefined };
      }
      const { candidate: hash, moments, survivors } = round;
      const sum = round.evidence?.sum ?? null;
      const release = { number: state.release.number + 1, hash, round: number, sum, survivors, moments };
      return { events: [{ kind: 'release-made', ...release }, closed], result: undefined };
    });
    log.info({ outcome, reason }, 'the round has ended');
    for (const site of members.keys()) this.#parts.send(site, this.#closing(outcome, reason));
    this.#finish();
  }

  #closing(outcome: 'accepted' | 'rejected' | 'failed', reason: string): CoordinatorMessage {
    const releaseHash = this.#parts.journal.state.release?.hash ?? this.#brief.plan.release;
    return { kind: 'roundClosed', roundId: this.#state.id, outcome, reason, releaseHash };
  }
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
