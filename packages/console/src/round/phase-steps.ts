import type { Phase, RoundView } from '@noren/protocol/console';

/** The phases an operator follows; `aggregated` is the end of unmasking, the rest are moments. */
const STEP_PHASES = ['recruiting', 'keys', 'relearning', 'collecting', 'unmasking', 'evaluating'] as const;
export type StepPhase = (typeof STEP_PHASES)[number];

/** `stopped` is where a failed round ended. */
type StepState = 'ahead' | 'current' | 'done' | 'stopped';

export interface PhaseStep {
  readonly phase: StepPhase;
  readonly state: StepState;
  /** ms since 1970; null while the phase has not begun. */
  readonly startedAt: number | null;
  /** null while it runs. */
  readonly endedAt: number | null;
}

export function stepOf(phase: Phase): StepPhase | null {
  if (phase === 'aggregated') return 'unmasking';
  return STEP_PHASES.find((step) => step === phase) ?? null;
}

/** The six steps of a round, all ahead without one; a survey ends with its sum, so nothing is evaluated. */
export function phaseSteps(round: RoundView | null): readonly PhaseStep[] {
  const currentStep = round === null || round.outcome !== null ? null : stepOf(round.phase);
  const phases = STEP_PHASES.filter((phase) => phase !== 'evaluating' || round?.kind !== 'survey');
  const steps = phases.map((phase): PhaseStep => {
    const spans = round === null ? [] : round.phases.filter((entry) => stepOf(entry.phase) === phase);
    const first = spans[0];
    if (first === undefined) return { phase, state: 'ahead', startedAt: null, endedAt: null };
    const startedAt = Date.parse(first.startedAt);
    if (phase === currentStep) return { phase, state: 'current', startedAt, endedAt: null };
    const lastEnd = spans.at(-1)?.endedAt ?? round?.endedAt ?? null;
    return { phase, state: 'done', startedAt, endedAt: lastEnd === null ? null : Date.parse(lastEnd) };
  });
  return round?.outcome === 'failed' ? withStop(steps) : steps;
}

function withStop(steps: readonly PhaseStep[]): readonly PhaseStep[] {
  const last = steps.findLastIndex((step) => step.state === 'done');
  return steps.map((step, index) => (index === last ? { ...step, state: 'stopped' } : step));
}

/** ms a step has taken until `now`; null when it has not begun. */
export function elapsedMs(step: PhaseStep, now: number): number | null {
  return step.startedAt === null ? null : Math.max(0, (step.endedAt ?? now) - step.startedAt);
}

/** Share of the time to the deadline that is used up, 0 to 1; null where there is no deadline. */
export function deadlineUse(step: PhaseStep, deadlineAt: string | null, now: number): number | null {
  if (step.state !== 'current' || step.startedAt === null || deadlineAt === null) return null;
  const span = Date.parse(deadlineAt) - step.startedAt;
  return span <= 0 ? 1 : Math.min(1, Math.max(0, (now - step.startedAt) / span));
}
