import type { Phase } from '@noren/protocol/console';
import type { Messages } from '../language/dictionary.ts';
import { stepOf } from './phase-steps.ts';

/** The word for any phase, the ended ones included. */
export function phaseWord(phase: Phase, words: Messages): string {
  if (phase === 'planned') return words.planned;
  if (phase === 'accepted' || phase === 'rejected' || phase === 'failed') return words.siteOutcome[phase];
  const step = stepOf(phase);
  return step === null ? phase : words.phase[step];
}
