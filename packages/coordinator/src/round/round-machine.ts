import { MAXIMUM_COHORT } from '@noren/protocol';
import type { SiteId } from '@noren/protocol';

import { Members } from './members.ts';
import type { RoundAction, RoundFact, RoundInput, RoundOutcome } from './round-input.ts';
import { drawnGroups, endsByGroups, floorOf, groupStandings, UNMASKING } from './round-groups.ts';
import type { GroupStanding } from './round-groups.ts';
import { counted, isAwaited, participants, reached, STEP_RULES, tally } from './round-state.ts';
import type { Member, RoundGroup, RoundState, Stage, Step } from './round-state.ts';
import {
  ARITHMETIC_TIME,
  durationOf,
  hangingGroups,
  hangs,
  isArithmetic,
  shortage,
  shortageOfGroups,
  withinReach,
} from './step-end.ts';
import { decide } from './verdict.ts';
import type { PooledDifference } from './verdict.ts';

/**
 * Time that sites which lost their connection have to come back when the round, or their group, hangs on them, and all of them when the
 * coordinator itself was away, milliseconds.
 */
export const RETURN_TIME: number = 120_000;

export interface Transition {
  readonly state: RoundState;
  readonly actions: readonly RoundAction[];
}

export function plannedRound(round: Pick<RoundState, 'id' | 'number' | 'rules'>): RoundState {
  const nothing = {
    deadlineAt: null,
    returnBy: null,
    returning: null,
    members: Members.of([]),
    groups: [],
    candidate: null,
  };
  return { ...round, phase: 'planned', step: null, ...nothing };
}

/**
 * The whole round: one input at time `at` (milliseconds since the epoch) gives the next state and what to do, in order.
 * Pure. Inputs that the state does not wait for change nothing, so late, repeated and foreign messages are harmless.
 * While a step runs `effectiveDeadline(state)` is a number, and a `tick` at or after it ends the step: nothing hangs.
 */
export function advance(state: RoundState, input: RoundInput, at: number): Transition {
  if (state.phase === 'planned' && input.kind === 'start') return new Turn(state, at).start(input.connected);
  if (state.phase === 'planned' && input.kind === 'broken') return new Turn(state, at).fail(input.reason).result();
  if (state.step === null) return { state, actions: [] };
  return new Turn(state, at).take(input).result();
}

/** One transition in the making. Lives for one call of `advance`. */
class Turn {
  #state: RoundState;
  readonly #at: number;
  readonly #actions: RoundAction[] = [];

  constructor(state: RoundState, at: number) {
    this.#state = state;
    this.#at = at;
  }

  result(): Transition {
    return { state: this.#state, actions: this.#actions };
  }

  start(connected: readonly SiteId[]): Transition {
    const sites = connected.slice(0, MAXIMUM_COHORT).toSorted();
    this.#state = { ...this.#state, members: Members.of(sites.map(asked)) };
    this.#enter('replies', sites);
    this.#actions.push({ kind: 'offer', sites });
    return this.#settle(false).result();
  }

  take(input: RoundInput): this {
    switch (input.kind) {
      case 'accepted':
        return this.#answer(input.site, 'replies', { stage: 'accepted' });
      case 'advertised':
        return this.#answer(input.site, 'advertisements', { stage: 'advertised' });
      case 'shared':
        return this.#answer(input.site, 'shares', { stage: 'shared' });
      case 'uploading':
        return this.#uploading(input.site);
      case 'uploaded':
        return this.#answer(input.site, 'updates', { stage: 'uploaded' });
      case 'confirmed':
        return this.#answer(input.site, 'confirmations', { confirmed: true });
      case 'revealed':
        return this.#answer(input.site, 'reveals', { revealed: true });
      case 'reported':
        if (!isAwaited(this.#state, input.site, 'reports')) return this;
        this.#record({ kind: 'round-reported', site: input.site, report: input.report });
        return this.#answer(input.site, 'reports', { report: input.report });
      case 'refused':
        if (!isAwaited(this.#state, input.site, 'replies')) return this;
        this.#record({ kind: 'round-refused', site: input.site, reason: input.reason });
        return this.#change(input.site, { out: 'left' });
      case 'left':
      case 'excluded':
        return this.#leave(input.site, input.kind, input.reason);
      case 'connected':
        return this.#connected(input.site);
      case 'disconnected':
        return this.#change(input.site, { present: false });
      case 'opened':
        if (this.#state.step !== 'opening') return this;
        this.#record({ kind: 'round-aggregated', ...input.evidence });
        if (this.#state.rules.survey) {
          this.#record({ kind: 'round-surveyed', measures: input.measures ?? [] });
          return this.#end('accepted', SURVEYED, null);
        }
        this.#enter('candidate', []);
        this.#actions.push({ kind: 'make-candidate' });
        return this;
      case 'candidate':
        return this.#candidate(input);
      case 'broken':
        return this.fail(input.reason);
      case 'resumed':
        return this.#resumed();
      case 'tick':
        return this.#tick();
      case 'start':
        break;
    }
    return this;
  }

  fail(reason: string): this {
    return this.#end('failed', reason, null);
  }

  #answer(site: SiteId, step: Step, change: Partial<Member>): this {
    const member = this.#state.members.get(site);
    if (member === undefined || !isAwaited(this.#state, site, step)) return this;
    this.#put({ ...member, ...change });
    // An answer that was waited for can end the step if it is the last one, and changes nothing else about it.
    return member.present && counted(this.#state).waiting > 0 ? this : this.#settle(false);
  }

  #uploading(site: SiteId): this {
    if (this.#state.phase !== 'relearning' || !isAwaited(this.#state, site, 'updates')) return this;
    const { deadlineAt } = this.#state;
    this.#state = { ...this.#state, phase: 'collecting' };
    this.#record({ kind: 'round-advanced', phase: 'collecting', sites: this.#reaching('shared'), deadlineAt });
    return this;
  }

  #leave(site: SiteId, out: 'left' | 'excluded', reason: string): this {
    const member = this.#state.members.get(site);
    if (member === undefined || member.out !== null) return this;
    if (this.#state.step === 'replies') this.#record({ kind: 'round-refused', site, reason });
    else if (this.#state.step !== 'reports' || !this.#state.rules.silentEvaluation) this.#drop(member, reason);
    return this.#change(site, { out });
  }

  /** Deadlines went on counting while the coordinator was away, but none ends before the sites could come back. */
  #resumed(): this {
    const { phase, step, members } = this.#state;
    if (step === null) return this;
    const by = this.#at + RETURN_TIME;
    const sites = ids(members.values().filter(({ present }) => present));
    // The coordinator's own arithmetic begins anew, and so does its time.
    const least = isArithmetic(step) ? this.#at + ARITHMETIC_TIME : by;
    const deadlineAt = Math.max(this.#state.deadlineAt ?? least, least);
    const later = (time: number | null): number | null => (time === null ? null : Math.max(time, by));
    const returnBy = later(this.#state.returnBy);
    const groups = this.#state.groups.map((group) => ({ ...group, returnBy: later(group.returnBy) }));
    const returning = sites.length === 0 ? null : { by, sites: new Set(sites) };
    this.#state = { ...this.#state, deadlineAt, returnBy, groups, returning };
    this.#record({ kind: 'round-resumed', phase, deadlineAt });
    if (step === 'opening') this.#actions.push({ kind: 'open-sum' });
    if (step === 'candidate') this.#actions.push({ kind: 'make-candidate' });
    return this;
  }

  #tick(): this {
    const { returning } = this.#state;
    if (returning !== null && this.#at >= returning.by) {
      this.#state = { ...this.#state, returning: null };
      for (const site of returning.sites) {
        const member = this.#state.members.get(site);
        if (member !== undefined) this.#put({ ...member, present: false });
      }
      this.#settle(false);
    }
    const { deadlineAt, returnBy } = this.#state;
    if (this.#isOver(deadlineAt) || this.#isOver(returnBy)) return this.#settle(true);
    const isOver = this.#state.groups.map((group) => this.#isOver(group.returnBy));
    if (!isOver.includes(true)) return this;
    // The other groups have until the deadline.
    this.#loseGroups(({ index }) => isOver[index] === true);
    return this.#settle(false);
  }

  #isOver(time: number | null): boolean {
    return time !== null && this.#at >= time;
  }

  #connected(site: SiteId): this {
    const { returning } = this.#state;
    if (returning?.sites.has(site) === true) {
      const sites = new Set(returning.sites);
      sites.delete(site);
      this.#state = { ...this.#state, returning: sites.size === 0 ? null : { ...returning, sites } };
    }
    const member = this.#state.members.get(site);
    if (member === undefined) {
      if (this.#state.step !== 'replies' || this.#state.members.size >= MAXIMUM_COHORT) return this;
      this.#put(asked(site));
      this.#actions.push({ kind: 'offer', sites: [site] });
      return this;
    }
    this.#change(site, { present: true });
    if (member.out !== null && !reached(member, 'accepted')) {
      this.#actions.push({ kind: 'dismiss', site, reason: 'the round goes on without this site' });
    }
    const { step } = this.#state;
    if (step !== null && isAwaited(this.#state, site, step)) this.#actions.push({ kind: 'remind', site });
    return this;
  }

  #candidate(input: Extract<RoundInput, { kind: 'candidate' }>): this {
    if (this.#state.step !== 'candidate') return this;
    this.#record({ kind: 'round-candidate', candidate: input.hash, moments: input.moments });
    const all = this.#state.members.values().map((one) => (one.out === 'left' ? { ...one, out: null } : one));
    this.#state = { ...this.#state, members: Members.of(all), candidate: input.hash };
    this.#enter('reports', []);
    this.#actions.push({ kind: 'announce', candidate: input.hash, sites: ids(tally(this.#state).waiting) });
    return this.#settle(false);
  }

  #change(site: SiteId, change: Partial<Member>): this {
    const member = this.#state.members.get(site);
    if (member === undefined) return this;
    this.#put({ ...member, ...change });
    return this.#settle(false);
  }

  #put(member: Member): void {
    this.#state = { ...this.#state, members: this.#state.members.with(member) };
  }

  /** Ends the step if it can end now; `expired` when its time is up. */
  #settle(expired: boolean): this {
    const { step } = this.#state;
    if (step === null) return this;
    if (isArithmetic(step)) {
      return expired ? this.fail('the coordinator took too long to compute the result') : this;
    }
    const connected = withinReach(this.#state);
    if (endsByGroups(this.#state)) {
      this.#loseGroups(({ answered, waiting, away, floor }) => answered + (expired ? 0 : waiting + away) < floor);
      const shortage = shortageOfGroups(this.#state);
      if (shortage !== null) return this.#giveUp(step, shortage);
    }
    const { answered, waiting, away } = counted(this.#state);
    const floor = floorOf(this.#state);
    const hanging = hangingGroups(this.#state);
    if (waiting === 0 && answered >= floor && hanging.size === 0) return this.#finish(step);
    if (expired) {
      // A threshold opens the sum; whether more of the survivors answer is of no consequence.
      const quorum = UNMASKING.has(step) ? 0 : this.#state.rules.quorum;
      const needed = Math.max(floor, Math.ceil(quorum * connected));
      return answered >= needed ? this.#finish(step) : this.#giveUp(step, shortage(step, answered, needed));
    }
    if (answered + waiting + away < floor) return this.#giveUp(step, shortage(step, answered, floor));
    const until = (isHanging: boolean, since: number | null): number | null =>
      isHanging ? (since ?? this.#at + RETURN_TIME) : null;
    const returnBy = until(hangs(this.#state), this.#state.returnBy);
    const groups = this.#state.groups.map((group, index) => {
      const by = until(hanging.has(index), group.returnBy);
      return by === group.returnBy ? group : { ...group, returnBy: by };
    });
    this.#state = { ...this.#state, returnBy, groups };
    return this;
  }

  /** Gives up those groups: the others go on, and the lost ones' sites have no further part in the sum. */
  #loseGroups(isLost: (standing: GroupStanding) => boolean): void {
    for (const { index, answered, floor } of groupStandings(this.#state).filter(isLost)) {
      const group = this.#state.groups[index];
      const { step } = this.#state;
      if (group === undefined || step === null) continue;
      const lost = shortage(step, answered, floor);
      this.#state = { ...this.#state, groups: this.#state.groups.with(index, { ...group, lost, returnBy: null }) };
      for (const site of group.sites) {
        const member = this.#state.members.get(site);
        if (member === undefined) continue;
        this.#put({ ...member, lost: true, out: member.out ?? 'left' });
        this.#drop(member, `its group was given up: ${lost}`);
      }
      this.#actions.push({ kind: 'abandon-group', group: index, reason: lost });
    }
  }

  #finish(step: Step): this {
    this.#dropUnanswered(step);
    switch (step) {
      case 'replies':
        this.#enter('advertisements', this.#reaching('accepted'));
        return this.#settle(false);
      case 'advertisements': {
        const drawn = drawnGroups(this.#reaching('advertised'), this.#state.rules);
        if ('impossible' in drawn) return this.fail(drawn.impossible);
        this.#state = { ...this.#state, groups: drawn.groups };
        // One group alone would go on to its sum, which nothing could be made of.
        const shortage = shortageOfGroups(this.#state);
        if (shortage !== null) return this.fail(shortage);
        this.#actions.push({ kind: 'close-keys' });
        this.#enter('shares', []);
        return this.#settle(false);
      }
      case 'shares':
        this.#enter('updates', this.#reaching('shared'));
        this.#actions.push({ kind: 'close-shares' });
        return this.#settle(false);
      case 'updates': {
        const survivors = this.#reaching('uploaded');
        // A passive group has three sites, and where there are more there is no such group.
        const isPassive = this.#state.groups.every(({ parameters }) => parameters.mode === 'passive');
        this.#enter(isPassive ? 'reveals' : 'confirmations', survivors);
        this.#actions.push({ kind: 'close-updates' });
        if (isPassive) this.#actions.push({ kind: 'close-confirmations' });
        return this.#settle(false);
      }
      case 'confirmations':
        this.#enter('reveals', []);
        this.#actions.push({ kind: 'close-confirmations' });
        return this.#settle(false);
      case 'reveals':
        this.#enter('opening', []);
        this.#actions.push({ kind: 'open-sum' });
        return this;
      case 'reports':
        return this.#decide();
      default:
        return this;
    }
  }

  #giveUp(step: Step, reason: string): this {
    this.#dropUnanswered(step);
    return step === 'reports' ? this.#decide() : this.fail(reason);
  }

  #decide(): this {
    const { rules } = this.#state;
    if (rules.silentEvaluation) return this.#end('accepted', PRIVATE_ROUND, null);
    const reports = participants(this.#state).flatMap(({ site, report }) => {
      if (report === null) return [];
      const { customers, differenceMean, differenceStandardError } = report;
      return [{ site, customers, mean: differenceMean, standardError: differenceStandardError }];
    });
    const gate = { ...rules.gate, minimumSites: rules.minimumSites, weightCap: rules.weightCap };
    const { outcome, reason, difference } = decide(reports, gate);
    return this.#end(outcome, reason, difference);
  }

  /** Whoever has not answered is out; only a survivor's silence at the unmasking changes nothing: its update is in. */
  #dropUnanswered(step: Step): void {
    if (UNMASKING.has(step)) return;
    const { waiting, away } = tally(this.#state);
    for (const { site, present } of [...waiting, ...away]) {
      const reason = present ? 'no answer in time' : 'the connection was lost';
      const member = this.#state.members.get(site);
      if (member === undefined) continue;
      this.#put({ ...member, out: 'left' });
      if (step !== 'replies') this.#drop(member, reason);
      else if (present) this.#actions.push({ kind: 'dismiss', site, reason });
    }
  }

  #drop(member: Member, reason: string): void {
    const { site } = member;
    if (member.dropped || !reached(member, 'accepted')) return;
    this.#record({ kind: 'round-dropped', site, phase: this.#state.phase, reason });
    const current = this.#state.members.get(site) ?? member;
    this.#put({ ...current, dropped: true });
  }

  #enter(step: Step, sites: readonly SiteId[]): void {
    const { phase } = STEP_RULES[step];
    const deadlineAt = this.#at + durationOf(step, this.#state.rules);
    const entered = phase !== this.#state.phase;
    const groups = this.#state.groups.map((group): RoundGroup => ({ ...group, returnBy: null }));
    this.#state = { ...this.#state, phase, step, deadlineAt, returnBy: null, groups };
    if (entered && phase !== 'aggregated' && phase !== 'evaluating') {
      this.#record({ kind: 'round-advanced', phase, sites, deadlineAt });
    }
  }

  #end(outcome: RoundOutcome, reason: string, difference: PooledDifference | null): this {
    this.#state = { ...this.#state, phase: outcome, step: null, deadlineAt: null, returnBy: null, returning: null };
    this.#actions.push({ kind: 'close', outcome, reason, difference });
    return this;
  }

  #reaching(stage: Stage): SiteId[] {
    return ids(this.#state.members.values().filter((m) => reached(m, stage) && !m.lost)).toSorted();
  }

  #record(fact: RoundFact): void {
    this.#actions.push({ kind: 'record', fact });
  }
}

const PRIVATE_ROUND = 'a private round: every site decides for itself and tells nobody how its customers fared';
const SURVEYED = 'the survey’s sum is open; no model changed';

function asked(site: SiteId): Member {
  const nothing = { confirmed: false, revealed: false, report: null, out: null, lost: false, dropped: false };
  return { site, stage: 'asked', present: true, ...nothing };
}

function ids(members: readonly Member[]): SiteId[] {
  return members.map(({ site }) => site);
}
