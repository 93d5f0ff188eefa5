import type { ReactElement } from 'react';

import { useNow } from '../connection/clock.ts';
import type { RoundView } from '@noren/protocol/console';
import { useSpeech } from '../language/language.tsx';
import { deadlineUse, elapsedMs, phaseSteps } from './phase-steps.ts';

/** The phases of a round as the panels of a curtain on its rod: dyed when done, marked where it is now. */
export function PhaseRail({ round }: { round: RoundView | null }): ReactElement {
  const { words, formats } = useSpeech();
  const now = useNow();
  return (
    <ol className="rail">
      {phaseSteps(round).map((step) => {
        const elapsed = elapsedMs(step, now);
        const use = deadlineUse(step, round?.deadlineAt ?? null, now);
        return (
          <li key={step.phase} data-state={step.state} aria-current={step.state === 'current' ? 'step' : undefined}>
            <span className="rail-phase">{words.phase[step.phase]}</span>
            <span className="unseen">{words.stepState[step.state]}</span>
            <span className="rail-time">{elapsed === null ? '\u00A0' : formats.duration(elapsed)}</span>
            {use === null ? null : (
              <svg className="rail-deadline" width="100%" height="3" aria-hidden="true">
                <rect width={`${(use * 100).toFixed(1)}%`} height="3" />
              </svg>
            )}
          </li>
        );
      })}
    </ol>
  );
}
