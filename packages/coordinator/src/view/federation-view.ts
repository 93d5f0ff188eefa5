import type { EvaluationReport, SiteId } from '@noren/protocol';
import type { FederationView, GateView, GroupView, RoundView, SiteView } from '@noren/protocol/console';

import { CoordinatorError } from '../coordinator-error.ts';
import type { FederationState, SiteRecord } from '../federation/federation-state.ts';
import { runningRound } from '../federation/federation-state.ts';
import type { RoundRecord } from '../federation/round-record.ts';
import type { GroupEvidence } from '../round/round-input.ts';
import { effectiveDeadline } from '../round/round-state.ts';
import type { RoundState } from '../round/round-state.ts';
import { waitingSentence } from '../round/waiting-sentence.ts';
import type { ScheduleRules, ScheduleStatus } from '../schedule/schedule.ts';
import type { Presence } from '../sessions/session-hub.ts';

/** The running round as only its machine knows it. */
export interface LiveRound {
  readonly state: RoundState;
  readonly bytesUp: number;
}

export interface ViewContext {
  readonly address: string;
  readonly consoleAddress: string;
  readonly now: number;
  readonly rules: ScheduleRules | null;
  readonly schedule: ScheduleStatus;
  readonly live: LiveRound | null;
  presence(site: SiteId): Presence;
}

/** The whole federation as the operator's pages show it. Throws `no-backbone` or `no-plan` until both are there. */
export function federationView(state: FederationState, context: ViewContext): FederationView {
  const { backbone, plan, release } = state;
  if (backbone === null) throw new CoordinatorError('no-backbone', 'No backbone has been registered yet.');
  if (plan === null || release === null) throw new CoordinatorError('no-plan', 'No plan has been adopted yet.');
  const running = runningRound(state);
  const scoped = (scope: 'federated' | 'local'): string[] =>
    Object.keys(plan.template.groups).filter((name) => plan.template.groups[name]?.scope === scope);
  return {
    name: state.name,
    now: instant(context.now),
    address: context.address,
    consoleAddress: context.consoleAddress,
    backbone: { ...backbone, groups: [...backbone.groups] },
    release: { number: release.number, hash: release.hash, round: release.round, at: instant(release.at) },
    plan: {
      name: plan.template.name,
      federatedGroups: scoped('federated'),
      localGroups: scoped('local'),
      vectorLength: plan.vectorLength,
    },
    schedule: {
      expression: context.rules?.expression ?? '',
      timeZone: context.rules?.timeZone ?? '',
      nextAt: instantOrNull(context.schedule.nextAt),
      paused: state.paused,
      waiting: context.schedule.waiting,
    },
    sites: [...state.sites.values()].map((site) => siteView(site, context.presence(site.id))).toSorted(byId),
    running: running === null ? null : roundView(running, context.live),
    rounds: state.rounds.map((round) => roundView(round, context.live)),
  };
}

export function roundView(round: RoundRecord, live: LiveRound | null): RoundView {
  const running = live?.state.id === round.id && round.endedAt === null ? live : null;
  const { difference } = round;
  return {
    id: round.id,
    number: round.number,
    kind: round.kind,
    phase: round.phase,
    startedAt: instant(round.startedAt),
    endedAt: instantOrNull(round.endedAt),
    resumedAt: round.resumed.map(instant),
    deadlineAt: running === null ? null : instantOrNull(effectiveDeadline(running.state)),
    waitingFor: running === null ? null : waitingSentence(running.state),
    cohort: [...round.cohort],
    survivors: [...round.survivors],
    dropped: round.dropped.map((drop) => ({ ...drop })),
    refused: round.refused.map((refusal) => ({ ...refusal })),
    outcome: round.outcome,
    reason: round.reason,
    phases: round.phases.map(({ phase, startedAt }, index) => ({
      phase,
      startedAt: instant(startedAt),
      endedAt: instantOrNull(round.phases[index + 1]?.startedAt ?? round.endedAt),
    })),
    bytesUp: round.evidence?.bytesUp ?? running?.bytesUp ?? 0,
    sumHash: round.evidence?.sum ?? null,
    groups: (round.evidence?.groups ?? []).map(groupView),
    releaseHash: round.outcome === 'accepted' ? round.candidate : null,
    difference:
      difference === null ? null : { mean: difference.mean, low: difference.low, customers: difference.customers },
    gates: round.reports.map(({ site, report }) => ({ site, gate: gateView(round.number, report) })),
  };
}

function siteView(site: SiteRecord, presence: Presence): SiteView {
  const { connected, lastSeenAt, activity, releaseHash } = presence;
  const { lastReport, revoked, quarantine } = site;
  return {
    id: site.id,
    name: site.name,
    connected,
    lastSeenAt: instantOrNull(lastSeenAt),
    activity: activity === null ? null : { ...activity },
    releaseHash,
    gate: lastReport === null ? null : gateView(lastReport.round, lastReport.report),
    revoked,
    quarantine: quarantineView(quarantine),
    history: [...site.history],
  };
}

function quarantineView(quarantine: SiteRecord['quarantine']): SiteView['quarantine'] {
  if (quarantine === null) return null;
  const { at, rounds, outlying } = quarantine;
  return { since: instant(at), rounds, outlying };
}

function groupView({ survivors, norm, cosine, fault, outlying }: GroupEvidence): GroupView {
  return { survivors: [...survivors], norm, cosine, fault, outlying };
}

function gateView(round: number, report: EvaluationReport): GateView {
  const { chosen, adopted, customers, explanation } = report;
  const scores = report.scores.map(({ strategy, ndcg, hr }) => ({ strategy, ndcg: { ...ndcg }, hr: { ...hr } }));
  return { round, chosen, adopted, customers, explanation, scores };
}

function byId(a: SiteView, b: SiteView): number {
  return a.id < b.id ? -1 : 1;
}

function instant(at: number): string {
  return new Date(at).toISOString();
}

function instantOrNull(at: number | null): string | null {
  return at === null ? null : instant(at);
}
