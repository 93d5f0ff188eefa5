import { isDeepStrictEqual } from 'node:util';

import { encodeSiteMessage } from '@noren/protocol';
import type { CoordinatorMessage, SiteId, SiteMessage, UploadHeader, UploadReceiver } from '@noren/protocol';

import type { Clock } from '../clock.ts';
import type { EventBody } from '../federation/federation-event.ts';
import type { InputRecord } from '../round-log/log-record.ts';
import type { RoundFiles, RoundStorage } from '../round-log/round-folders.ts';
import { inputOf, questionOf } from './conversation.ts';
import type { RoundOfferMessage } from './conversation.ts';
import { beginCourse, replayRound, unusable } from './replay.ts';
import type { RoundOrigin } from './replay.ts';
import { RoundArithmetic } from './round-arithmetic.ts';
import type { ArithmeticParts } from './round-arithmetic.ts';
import { askedIn } from './round-course.ts';
import type { Effect, RoundCourse } from './round-course.ts';
import { endingEvents, shortened } from './round-end.ts';
import type { RoundEnd } from './round-end.ts';
import type { RoundInput } from './round-input.ts';
import { effectiveDeadline, isAwaited } from './round-state.ts';
import type { RoundState, Step } from './round-state.ts';
import { Uploads } from './uploads.ts';
import type { Stored } from './uploads.ts';

export interface ConductorParts extends ArithmeticParts {
  readonly clock: Clock;
  readonly rounds: RoundStorage;
  send(site: SiteId, message: CoordinatorMessage): void;
}

/** What a round is made from; its plan is in the event log already. */
export interface RoundBrief extends RoundOrigin {
  readonly offer: RoundOfferMessage;
}

/**
 * Drives one round: turns verified messages, lost connections and time into inputs of the round machine, one after the
 * other, and carries out what they lead to in order. An input is in the round's log, and a fact in the event log, before
 * the messages that rest on them are sent: a restart goes on from there.
 */
export class Conductor {
  readonly #parts: ConductorParts;
  readonly #brief: RoundBrief;
  readonly #course: RoundCourse;
  readonly #files: RoundFiles;
  readonly #uploads: Uploads;
  readonly #arithmetic: RoundArithmetic;
  readonly #finish: () => void;
  /** Resolves when the round has ended and everybody connected was told, or when it was suspended. */
  readonly finished: Promise<void>;
  #queue: Promise<unknown> = Promise.resolve();
  #cancelTimer: (() => void) | null = null;
  #suspended = false;
  /** The round's log cannot be written: the round ends, and that alone is still carried out. */
  #unlogged = false;

  private constructor(parts: ConductorParts, brief: RoundBrief, files: RoundFiles, course: RoundCourse) {
    this.#parts = { ...parts, log: parts.log.child({ round: brief.plan.round }) };
    this.#brief = brief;
    this.#files = files;
    this.#course = course;
    this.#arithmetic = new RoundArithmetic(this.#parts, brief, course, files);
    this.#uploads = new Uploads({
      course,
      files,
      enqueue: (work) => this.#enqueue(work),
      take: (input, stored) => this.#take(input, stored),
      happen: (input) => this.happen(input),
    });
    let finish = (): void => undefined;
    this.finished = new Promise((resolve) => (finish = resolve));
    this.#finish = finish;
  }

  static begin(parts: ConductorParts, brief: RoundBrief, files: RoundFiles): Conductor {
    return new Conductor(parts, brief, files, beginCourse(brief));
  }

  /**
   * Goes on with a round from its log. `connected`: the sites that it was to start with. Throws CoordinatorError
   * `round-log-unusable`, `blob-missing`, `blob-damaged` or `store-failed`; then nothing was said about it.
   */
  static async resume(
    parts: ConductorParts,
    brief: RoundBrief,
    kept: {
      readonly files: RoundFiles;
      readonly inputs: readonly InputRecord[];
      readonly connected: readonly SiteId[];
    },
  ): Promise<Conductor> {
    const { course, effects } = await replayRound(brief, kept.inputs, kept.files.spool);
    const conductor = new Conductor(parts, brief, kept.files, course);
    await conductor.#enqueue(() => conductor.#goOn(effects, kept.connected));
    return conductor;
  }

  get state(): RoundState {
    return this.#course.state;
  }

  /** Bytes of masked updates received so far. */
  get bytesUp(): number {
    return this.#course.sum?.bytesUp ?? 0;
  }

  /** Stops where it is, without a word to the sites: the next start goes on from the log. */
  async suspend(): Promise<void> {
    await this.#enqueue(async () => {
      if (this.#suspended || this.state.step === null) return;
      this.#halt();
      await this.#parts.rounds.suspend(this.#files);
    });
    this.#finish();
  }

  happen(input: RoundInput): Promise<void> {
    // A site that enrolled after the round was planned is in no list of it: it is asked the next time.
    if (input.kind === 'connected' && !this.#brief.identityKeys.has(input.site)) return Promise.resolve();
    return this.#enqueue(() => this.#take(input));
  }

  /** A site's message; those of other rounds and those that come too late are passed over. */
  message(site: SiteId, message: SiteMessage): Promise<void> {
    if (!('roundId' in message) || message.roundId !== this.state.id) return Promise.resolve();
    return this.#enqueue(async () => {
      const input = inputOf(this.#course, site, message);
      if (input === null) return;
      await this.#take(input, MASKING.has(input.kind) ? { payload: encodeSiteMessage(message) } : {});
    });
  }

  /** Rejects with ProtocolError when the round does not wait for this site's update. */
  upload(site: SiteId, header: UploadHeader): Promise<UploadReceiver> {
    return this.#uploads.receive(site, header);
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #take(input: RoundInput, { payload = NO_BYTES, chunks = [] }: Stored = {}): Promise<void> {
    const { journal, clock, log } = this.#parts;
    if (this.#suspended) return;
    if (journal.broken !== null) return this.#abandon();
    const [before, at] = [this.state, clock.now()];
    const effects = this.#course.take(input, at);
    if (this.state === before && effects.length === 0 && payload.length === 0) return;
    if (this.state.phase !== before.phase) log.info({ phase: this.state.phase }, 'the round goes on');
    this.#setTimer();
    try {
      const kept = this.#record({ kind: 'input', at, input, frozen: askedIn(effects), chunks, payload });
      // Nothing rests on an input that leads to nothing: it may wait for the next fsync, and its site would say it again.
      if (effects.length > 0) await kept;
      else kept.catch((error: unknown) => this.happen({ kind: 'broken', reason: sentence(error) }));
      await this.#carryOut(effects);
    } catch (error) {
      if (journal.broken !== null) return this.#abandon();
      log.error({ err: error }, 'a step of the round failed');
      await this.#take({ kind: 'broken', reason: sentence(error) });
    }
  }

  #record(record: InputRecord): Promise<void> {
    if (this.#unlogged) return Promise.resolve();
    this.#files.log.append(record);
    return this.#files.log.sync().catch((error: unknown) => {
      this.#unlogged = true;
      throw error;
    });
  }

  /** Does what was still to do when the coordinator stopped, and says that it is back. */
  async #goOn(replayed: readonly Effect[], connected: readonly SiteId[]): Promise<void> {
    await this.#catchUp(replayed);
    const end = replayed.find((effect) => effect.kind === 'close');
    if (end !== undefined) return this.#close(end, []);
    if (this.state.phase === 'planned') await this.#take({ kind: 'start', connected });
    await this.#take({ kind: 'resumed' });
  }

  /** Writes the facts that are in the round's log but not in the event log: a stop came between the two. */
  async #catchUp(replayed: readonly Effect[]): Promise<void> {
    const { journal } = this.#parts;
    const { id: roundId, number } = this.state;
    const facts = replayed.flatMap((effect) => (effect.kind === 'record' ? [{ ...effect.fact, roundId }] : []));
    const bodies = (await journal.readRound(number)).map(({ body }) => body);
    const written = bodies.filter(
      (body) => 'roundId' in body && body.roundId === roundId && body.kind !== 'round-planned',
    );
    const agree = written.every((body, index) => isDeepStrictEqual(body, asWritten(facts[index])));
    if (!agree) throw unusable('its log and the event log tell different stories');
    await journal.append(...facts.slice(written.length));
  }

  /** After a failed write nothing may happen any more: the coordinator stops, and the next start goes on. */
  #abandon(): void {
    if (this.#suspended) return;
    this.#halt();
    void this.#parts.rounds.suspend(this.#files).catch(() => undefined);
    this.#finish();
  }

  #halt(): void {
    this.#suspended = true;
    this.#cancelTimer?.();
  }

  #setTimer(): void {
    const { clock } = this.#parts;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const deadline = effectiveDeadline(this.state);
    if (deadline === null) return;
    this.#cancelTimer = clock.after(Math.max(0, deadline - clock.now()), () => void this.happen({ kind: 'tick' }));
  }

  async #carryOut(effects: readonly Effect[]): Promise<void> {
    let facts: EventBody[] = [];
    for (const effect of effects) {
      if (effect.kind === 'record') {
        facts.push({ ...effect.fact, roundId: this.state.id });
        continue;
      }
      if (effect.kind === 'close') return this.#close(effect, facts);
      if (facts.length > 0) await this.#parts.journal.append(...facts);
      facts = [];
      await this.#act(effect);
    }
    if (facts.length > 0) await this.#parts.journal.append(...facts);
  }

  async #act(effect: Exclude<Effect, { kind: 'record' | 'close' }>): Promise<void> {
    switch (effect.kind) {
      case 'offer':
        return this.#askAll(effect.sites, 'replies');
      case 'ask':
        return this.#askAll(effect.sites, effect.step);
      case 'open-sum':
        return this.#compute(() => this.#arithmetic.openSum());
      case 'make-candidate':
        return this.#compute(() => this.#arithmetic.makeCandidate());
      case 'announce':
        return this.#askAll(effect.sites, 'reports');
      case 'remind':
        if (this.state.step !== null) this.#ask(effect.site, this.state.step);
        return;
      case 'dismiss':
        return this.#parts.send(effect.site, this.#closing(effect.site, 'failed', effect.reason));
    }
  }

  /**
   * Asks whoever of them the round waits for: in the same turn a group may have been given up. Every site's message may be another
   * one, and encoding ten thousand of them takes seconds, in which the others' heartbeats must be heard.
   */
  async #askAll(sites: readonly SiteId[], step: Step): Promise<void> {
    for (const site of sites) {
      if (!isAwaited(this.state, site, step)) continue;
      this.#ask(site, step);
      await this.#parts.yieldTurn();
    }
  }

  /** Sends what the step sends; again, if need be. */
  #ask(site: SiteId, step: Step): void {
    const message = questionOf(this.#course, this.#brief.offer, site, step);
    if (message !== null) this.#parts.send(site, message);
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

  async #close(action: RoundEnd, facts: readonly EventBody[]): Promise<void> {
    const { journal, log } = this.#parts;
    const end = shortened(action);
    const { outcome, reason } = end;
    const { id: roundId, members } = this.state;
    // The facts of this very transition go first: the release's evidence is folded from them.
    if (facts.length > 0) await journal.append(...facts);
    await journal.change((state) => ({ events: endingEvents(state, this.state, end), result: undefined }));
    log.info({ outcome, reason }, 'the round has ended');
    for (const site of members.keys()) this.#parts.send(site, this.#closing(site, outcome, reason));
    await this.#parts.rounds.end(roundId, this.#files).catch((error: unknown) => {
      log.warn({ err: error }, 'the files of an ended round could not be removed; the next start removes them');
    });
    this.#finish();
  }

  #closing(site: SiteId, outcome: 'accepted' | 'rejected' | 'failed', reason: string): CoordinatorMessage {
    const releaseHash = this.#parts.journal.state.release?.hash ?? this.#brief.plan.release;
    const transcriptHash = this.#course.transcriptOf(site);
    return { kind: 'roundClosed', roundId: this.state.id, outcome, reason, releaseHash, transcriptHash };
  }
}

/** Inputs that come with a message of the masking protocol, which a replay needs again. */
const MASKING: ReadonlySet<RoundInput['kind']> = new Set(['advertised', 'shared', 'confirmed', 'revealed']);

const NO_BYTES = new Uint8Array();

/** As the event log gives it back: without what JSON leaves out. */
function asWritten(body: EventBody | undefined): unknown {
  return body === undefined ? undefined : JSON.parse(JSON.stringify(body));
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
