import type { RoundView } from '@noren/protocol/console';
import { describe, expect, test } from 'vitest';

import { federationView, NOW } from '../testing/federation.ts';
import { deadlineUse, elapsedMs, phaseSteps } from './phase-steps.ts';

const view = federationView({ sites: 12, rounds: 30, running: true });
const running = view.running as RoundView;

function states(round: RoundView | null): string {
  return phaseSteps(round)
    .map((step) => step.state)
    .join(' ');
}

describe('the steps of a round', () => {
  test('before the first round everything is ahead', () => {
    expect(states(null)).toBe('ahead ahead ahead ahead ahead ahead');
  });

  test('a running round has one current step, with what came before done', () => {
    expect(states(running)).toBe('done done current ahead ahead ahead');
  });

  test('making the candidate counts as the end of unmasking', () => {
    const at = new Date(NOW).toISOString();
    const phases: RoundView['phases'] = [
      { phase: 'unmasking', startedAt: new Date(NOW - 5000).toISOString(), endedAt: at },
      { phase: 'aggregated', startedAt: at, endedAt: null },
    ];
    const steps = phaseSteps({ ...running, phase: 'aggregated', phases });
    expect(steps[4]).toMatchObject({ phase: 'unmasking', state: 'current', startedAt: NOW - 5000 });
  });

  test('an accepted round is done throughout, a failed one stops where it ended', () => {
    const accepted = view.rounds.find((round) => round.outcome === 'accepted') as RoundView;
    const failed = view.rounds.find((round) => round.outcome === 'failed') as RoundView;
    expect(states(accepted)).toBe('done done done done done done');
    expect(states(failed)).toBe('done stopped ahead ahead ahead ahead');
  });
});

describe('time in a step', () => {
  const [recruiting, , relearning, collecting] = phaseSteps(running);

  test('an ended step keeps its length, the current one grows, one ahead has none', () => {
    expect(recruiting && elapsedMs(recruiting, NOW)).toBe(8000);
    expect(relearning && elapsedMs(relearning, NOW)).toBe(213_000);
    expect(relearning && elapsedMs(relearning, NOW + 1000)).toBe(214_000);
    expect(collecting && elapsedMs(collecting, NOW)).toBeNull();
  });

  test('the deadline is used up to the share of time that passed, and never beyond', () => {
    expect(relearning && deadlineUse(relearning, running.deadlineAt, NOW)).toBeCloseTo(213 / 358);
    expect(relearning && deadlineUse(relearning, running.deadlineAt, NOW + 3_600_000)).toBe(1);
    expect(relearning && deadlineUse(relearning, null, NOW)).toBeNull();
    expect(recruiting && deadlineUse(recruiting, running.deadlineAt, NOW)).toBeNull();
  });
});
