import type { CoordinatorMessage, Hash, RoundOffer, RoundPlan } from '@noren/protocol';
import { AgentError } from '../agent-error.ts';
import { releaseShown, type AgentParts } from '../agent-parts.ts';
import { TranscriptAuditor } from '../audit/transcript-auditor.ts';
import { writeAtomically } from '../home/atomic-file.ts';
import { describeFailure, type Failure } from '../relearning/failure.ts';
import type { Adoption } from './adoption.ts';
import type { CutOffRound } from './cut-off-round.ts';
import { checkOffer, type VerifiedPlan } from './offer.ts';
import { nextRound } from './round.ts';
import type { RoundAction, RoundClosing, RoundEvent, RoundPhase, RoundState } from './round.ts';
import type { KeptStage } from './round-vault.ts';
import { RunningRound, type LinkToCoordinator } from './running-round.ts';

/** Where a site stands that goes on from what it kept. */
const PHASE_OF_STAGE: Readonly<Record<KeptStage, RoundPhase>> = {
  keys: 'keys',
  // Re-learning begins again: nothing of it had left, and the delivery comes again.
  shared: 'sharing',
  masked: 'masked',
  confirmed: 'confirmed',
  revealed: 'revealed',
};

/** Milliseconds that an audit may take once the agent is shutting down. */
const LAST_AUDIT_TIME = 2000;

/** Carries out what the round machine decides: one event at a time, slow work beside it, its results as new events. */
export class RoundRunner {
  readonly #parts: AgentParts;
  readonly #link: LinkToCoordinator;
  readonly #adoption: Adoption;
  readonly #auditor: TranscriptAuditor;
  readonly #leaving = new AbortController();
  #state: RoundState = { phase: 'idle' };
  #running: RunningRound | null = null;
  #offered: VerifiedPlan | null = null;
  /** The end of the round before: the next one must not be judged while its model is being moved. */
  #settled: Promise<void> = Promise.resolve();
  /** Whatever is still at work, so that stopping can wait for it. */
  readonly #work = new Set<Promise<void>>();

  constructor(parts: AgentParts, link: LinkToCoordinator, adoption: Adoption) {
    this.#parts = parts;
    this.#link = link;
    this.#adoption = adoption;
    this.#auditor = new TranscriptAuditor(parts, link);
  }

  /** After a restart in the middle of a round: goes on where it was, or, without its secrets, judges the candidate. */
  resume({ offer, kept }: CutOffRound): void {
    const { log } = this.#parts;
    const { roundId } = offer.plan;
    const running = new RunningRound(offer, this.#parts, this.#link, this.#auditor);
    this.#running = running;
    try {
      if (kept === null)
        throw new AgentError('cancelled', 'its secrets were not kept, or not by this run of the system');
      running.restore(kept);
      const { stage } = kept.round;
      this.#state = { phase: PHASE_OF_STAGE[stage], roundId };
      log.info({ round: roundId, stage }, 'the agent stopped during the round; it goes on where it was');
      if (stage === 'masked') this.#track(running.upload());
    } catch (error) {
      running.forget();
      this.#track(running.forgotten);
      this.#state = { phase: 'bystander', roundId };
      const why = error instanceof Error ? error.message : String(error);
      log.warn({ round: roundId, why }, 'the agent stopped during the round and contributes no more to it');
    }
  }

  receive(message: CoordinatorMessage): void {
    switch (message.kind) {
      case 'roundOffer':
        return this.#receiveOffer(message);
      case 'keyRoster':
        return this.#happen({ kind: 'roster', roundId: message.roundId, roster: message });
      case 'shareDelivery':
        return this.#happen({ kind: 'delivery', roundId: message.roundId, delivery: message });
      case 'consistencyRequest':
        return this.#happen({ kind: 'consistencyRequest', roundId: message.roundId, request: message });
      case 'revealRequest':
        return this.#happen({ kind: 'revealRequest', roundId: message.roundId, request: message });
      case 'candidateAnnouncement':
        return this.#happen({
          kind: 'candidate',
          roundId: message.roundId,
          hash: message.candidateHash,
          transcript: message.transcriptHash,
        });
      case 'roundClosed':
        return this.#happen({ kind: 'closed', roundId: message.roundId, closing: message });
      case 'welcome':
        return;
    }
  }

  reconnected(): void {
    this.#running?.repeat();
  }

  /** Leaves a running round and stops its work. */
  leave(): void {
    if (this.#state.phase !== 'idle') {
      this.#happen({ kind: 'failed', roundId: this.#state.roundId, reason: 'the site is shutting down' });
    }
    this.#running?.drop();
    // A sum whose transcript is on its way is still audited: nobody asks for it again.
    setTimeout(() => this.#leaving.abort(), LAST_AUDIT_TIME).unref();
  }

  /** Resolves when nothing is at work any more. */
  async finished(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  #receiveOffer(message: RoundOffer): void {
    const { site, memory, log } = this.#parts;
    const check = checkOffer(message, site, memory.current);
    if (check.kind === 'forged') {
      log.error({ why: check.why }, 'an offer was ignored');
      return;
    }
    const { roundId } = check.kind === 'verified' ? check.offer.plan : check.plan;
    const runs = this.#state.phase !== 'idle' && this.#state.roundId === roundId;
    // The chain check calls the running round's own plan a repetition; the machine knows better what to answer.
    if (check.kind === 'refused' && !runs) return this.#refuse(roundId, check.reason);
    if (check.kind === 'verified') this.#offered = check.offer;
    this.#happen({ kind: 'offer', roundId });
  }

  #happen(event: RoundEvent): void {
    const step = nextRound(this.#state, event);
    this.#state = step.state;
    for (const action of step.actions) this.#act(action, event.roundId);
  }

  #act(action: RoundAction, roundId: string): void {
    const running = this.#running;
    switch (action.do) {
      case 'ignore':
        return this.#parts.log.info({ round: roundId, why: action.why }, 'a message was ignored');
      case 'refuse':
        return this.#refuse(roundId as RoundPlan['roundId'], action.reason);
      case 'judge':
        return this.#begin();
      case 'join':
        return this.#track(running?.join());
      case 'share':
        return this.#track(running?.share(action.roster));
      case 'relearn':
        return this.#track(running?.relearn(action.delivery), { kind: 'relearned', roundId });
      case 'upload':
        return this.#track(running?.upload());
      case 'confirm':
        return this.#track(running?.confirm(action.request));
      case 'reveal':
        return this.#track(running?.reveal(action.request));
      case 'evaluate':
        return this.#track(running?.evaluate(action.candidate, action.transcript, this.#adoption), {
          kind: 'evaluated',
          roundId,
        });
      case 'report':
        return this.#track(running?.report());
      case 'withdraw':
        return running?.withdraw(action.reason);
      case 'forget':
        running?.forget();
        return this.#track(running?.forgotten);
      case 'drop':
        running?.drop();
        this.#running = null;
        return this.#track(running?.forgotten);
      case 'settle':
        return this.#settle(roundId, action.closing);
    }
  }

  #begin(): void {
    if (this.#offered === null) return;
    const running = new RunningRound(this.#offered, this.#parts, this.#link, this.#auditor);
    const { plan } = this.#offered;
    this.#offered = null;
    this.#running = running;
    this.#parts.log.info({ round: running.roundId, number: plan.round, plan: plan.name }, 'a round is offered');
    const judged = async (): Promise<void> => {
      await this.#settled;
      const { pending } = this.#parts.memory.current;
      // The end of an earlier round was missed; whether its candidate was accepted shows in the release it led to.
      if (pending !== null) await this.#adoption.settle(pending.roundId, plan.release === pending.candidate);
      const judgement = await running.judge();
      const reason = judgement.accepted ? '' : judgement.reason;
      this.#happen({ kind: 'judged', roundId: running.roundId, accepted: judgement.accepted, reason });
    };
    this.#track(judged());
  }

  #refuse(roundId: RoundPlan['roundId'], reason: string): void {
    this.#parts.log.warn({ round: roundId, reason }, 'the round was refused');
    this.#link.send({ kind: 'offerReply', roundId, accepted: false, reason: reason.slice(0, 500) });
  }

  #settle(roundId: string, closing: RoundClosing): void {
    const { memory, log } = this.#parts;
    log.info({ round: roundId, outcome: closing.outcome, reason: closing.reason }, 'the round ended');
    const settle = async (): Promise<void> => {
      const { pending } = memory.current;
      const shown = releaseShown(memory);
      const isRelease = closing.outcome === 'accepted' && closing.releaseHash === pending?.candidate;
      const accepted = (await this.#isOwnSum(roundId, closing)) && isRelease;
      await this.#adoption.settle(roundId, accepted);
      if (releaseShown(memory) !== shown) this.#link.greet();
      await memory.update((state) => ({
        ...state,
        lastPlan: state.lastPlan?.roundId === roundId ? { ...state.lastPlan, stage: 'finished' } : state.lastPlan,
      }));
    };
    this.#settled = settle().catch((error: unknown) => this.#tell(roundId, describeFailure(error)));
    this.#track(this.#settled);
  }

  /**
   * A survey has no candidate, and a site may have been away when there was one: then the sum is audited at the round's end. Of
   * what cannot be fetched any more nothing is known but what was found before.
   */
  async #isOwnSum(roundId: string, { transcriptHash }: RoundClosing): Promise<boolean> {
    if (transcriptHash === null) return true;
    try {
      const { sound } = await this.#auditor.audit(roundId, transcriptHash as Hash, this.#leaving.signal);
      return sound;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#parts.log.warn({ round: roundId, why }, 'the transcript of the sum could not be fetched');
      return false;
    }
  }

  /** Follows an action to its end: `then` when it succeeds, the round's failure when it does not. */
  #track(work: Promise<void> | undefined, then?: RoundEvent): void {
    const running = this.#running;
    if (work === undefined) return;
    const followed = work.then(
      () => {
        if (then !== undefined && this.#running === running) this.#happen(then);
      },
      async (error: unknown) => {
        // Work that was stopped on purpose fails; so does everything that waits for it.
        if (running === null || this.#running !== running) return;
        const failure = describeFailure(error);
        if (failure.code === 'cancelled') return;
        await this.#tell(running.roundId, failure);
        if (this.#running !== running) return;
        this.#happen({ kind: 'failed', roundId: running.roundId, reason: failure.reason });
      },
    );
    this.#work.add(followed);
    void followed.finally(() => this.#work.delete(followed));
  }

  /** Logs what may be read by others; the full text goes to a file that stays. */
  async #tell(roundId: string, { code, reason, detail }: Failure): Promise<void> {
    const { layout, log, now } = this.#parts;
    log.error({ round: roundId, code, reason, detail: layout.problem }, 'the round failed at this site');
    await writeAtomically(layout.problem, `${now().toISOString()} round ${roundId}\n${detail}\n`).catch(
      () => undefined,
    );
  }
}
