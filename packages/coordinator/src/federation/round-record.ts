import type { EvaluationReport, Hash, RoundId, SiteId, TreePlace } from '@noren/protocol';
import type { Phase, RoundKind } from '@noren/protocol/console';

import type { RoundOutcome, SumEvidence } from '../round/round-input.ts';
import type { PooledDifference } from '../round/verdict.ts';
import type { RoundEvent } from './federation-event.ts';

/** What the log says about one round. Immutable; the fold of the round's events. */
export interface RoundRecord {
  readonly id: RoundId;
  readonly number: number;
  /** Content address of the plan document, and the plan hash that its messages are bound to. */
  readonly plan: Hash;
  readonly planHash: Hash;
  readonly kind: RoundKind;
  /** Its place in a tree of noise; null where it has noise of its own, or none. */
  readonly tree: TreePlace | null;
  readonly phase: Phase;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly phases: readonly { readonly phase: Phase; readonly startedAt: number }[];
  /** When the coordinator came back in the middle of it. */
  readonly resumed: readonly number[];
  readonly cohort: readonly SiteId[];
  /** Sites whose updates are in the result; before it is known, those that uploaded one. */
  readonly survivors: readonly SiteId[];
  readonly refused: readonly { readonly site: SiteId; readonly reason: string }[];
  readonly dropped: readonly { readonly site: SiteId; readonly at: Phase; readonly reason: string }[];
  readonly evidence: SumEvidence | null;
  /** Of a survey whose sum is open: the weighted mean of the sites' vectors. */
  readonly measures: readonly number[] | null;
  readonly candidate: Hash | null;
  readonly moments: Hash | null;
  readonly reports: readonly { readonly site: SiteId; readonly report: EvaluationReport }[];
  readonly outcome: RoundOutcome | null;
  readonly reason: string | null;
  readonly difference: PooledDifference | null;
}

/** Applies one event to its round; `round` is null exactly for `round-planned`. */
export function foldRound(round: RoundRecord | null, event: RoundEvent, at: number): RoundRecord {
  if (event.kind === 'round-planned') return planned(event, at);
  if (round === null) throw new TypeError(`the log has ${event.kind} of round ${event.roundId} before its plan`);
  switch (event.kind) {
    case 'round-advanced':
      return {
        ...enter(round, event.phase, at),
        cohort: event.phase === 'keys' ? event.sites : round.cohort,
        survivors: event.phase === 'unmasking' ? event.sites : round.survivors,
      };
    case 'round-resumed':
      return { ...round, resumed: [...round.resumed, at] };
    case 'round-refused':
      return { ...round, refused: [...round.refused, { site: event.site, reason: event.reason }] };
    case 'round-dropped': {
      const { site, phase, reason } = event;
      return { ...round, dropped: [...round.dropped, { site, at: phase, reason }] };
    }
    case 'round-aggregated': {
      const { kind: _kind, roundId: _round, ...evidence } = event;
      const summed = evidence.groups?.flatMap(({ survivors, fault }) => (fault === null ? survivors : [])).toSorted();
      return { ...enter(round, 'aggregated', at), evidence, survivors: summed ?? round.survivors };
    }
    case 'round-surveyed':
      return { ...round, measures: event.measures };
    case 'round-candidate':
      return { ...enter(round, 'evaluating', at), candidate: event.candidate, moments: event.moments };
    case 'round-reported':
      return { ...round, reports: [...round.reports, { site: event.site, report: event.report }] };
    case 'round-closed':
      break;
  }
  const { outcome, reason, difference } = event;
  return { ...enter(round, outcome, at), endedAt: at, outcome, reason, difference };
}

function planned(event: Extract<RoundEvent, { kind: 'round-planned' }>, at: number): RoundRecord {
  const { roundId: id, number, plan, planHash } = event;
  return {
    id,
    number,
    plan,
    planHash,
    kind: event.survey === true ? 'survey' : 'relearn',
    tree: event.tree ?? null,
    phase: 'planned',
    startedAt: at,
    endedAt: null,
    phases: [{ phase: 'planned', startedAt: at }],
    resumed: [],
    cohort: [],
    survivors: [],
    refused: [],
    dropped: [],
    evidence: null,
    measures: null,
    candidate: null,
    moments: null,
    reports: [],
    outcome: null,
    reason: null,
    difference: null,
  };
}

function enter(round: RoundRecord, phase: Phase, at: number): RoundRecord {
  return { ...round, phase, phases: [...round.phases, { phase, startedAt: at }] };
}

/** How a round went for one site, as the console's site history shows it. */
export type SiteOutcome = RoundOutcome | 'dropped' | 'refused' | 'absent';

export function siteOutcome(round: RoundRecord, site: SiteId): SiteOutcome {
  if (round.refused.some((refusal) => refusal.site === site)) return 'refused';
  if (!round.cohort.includes(site)) return 'absent';
  if (round.dropped.some((drop) => drop.site === site)) return 'dropped';
  return round.outcome ?? 'failed';
}
