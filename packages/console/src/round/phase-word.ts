import type { Outcome, Phase, RoundKind } from '@noren/protocol/console';
import type { Messages } from '../language/dictionary.ts';
import { stepOf } from './phase-steps.ts';

/** How a round ended; a survey accepts nothing. */
export function outcomeWord(kind: RoundKind, outcome: Outcome, words: Messages): string {
  return kind === 'survey' && outcome === 'accepted' ? words.surveyed : words.siteOutcome[outcome];
}

/** The word for any phase, the ended ones included. */
export function phaseWord(phase: Phase, words: Messages): string {
  if (phase === 'planned') return words.planned;
  if (phase === 'accepted' || phase === 'rejected' || phase === 'failed') return words.siteOutcome[phase];
  const step = stepOf(phase);
  return step === null ? phase : words.phase[step];
}
