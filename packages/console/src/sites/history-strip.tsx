import type { ReactElement } from 'react';

import { useSpeech } from '../language/language.tsx';
import { outcomeLook } from '../status/status.ts';
import type { SiteOutcome } from '../status/status.ts';

const CELLS = 30;
const PITCH = 5;
const CELL_WIDTH = 3.5;
const HEIGHT = 18;
/** Height carries the outcome besides the colour: full took part, half the candidate was rejected, low stayed out. */
const CELL_HEIGHT: Readonly<Record<SiteOutcome, number>> = {
  accepted: 18,
  rejected: 11,
  failed: 18,
  dropped: 7,
  refused: 3,
  absent: 3,
};

/** A site's part in the last rounds, newest at the right, all rows aligned. */
export function HistoryStrip({ history }: { history: readonly SiteOutcome[] }): ReactElement {
  const { words, formats } = useSpeech();
  if (history.length === 0) return <span className="faint">{words.historyEmpty}</span>;
  const shown = history.slice(-CELLS);
  const first = CELLS - shown.length;
  return (
    <svg
      className="strip"
      viewBox={`0 0 ${CELLS * PITCH} ${HEIGHT}`}
      width={CELLS * PITCH}
      height={HEIGHT}
      role="img"
      aria-label={words.historySummary(formats.list(countOutcomes(shown, words.siteOutcome)))}
    >
      {shown.map((outcome, index) => {
        const height = CELL_HEIGHT[outcome];
        // The strip shifts by one with every round: a cell is its place, not its round.
        const place = first + index;
        return (
          <rect
            key={place}
            className={`cell-${outcome}`}
            data-tone={outcomeLook[outcome].tone}
            x={place * PITCH}
            y={HEIGHT - height}
            width={CELL_WIDTH}
            height={height}
            rx="1"
          >
            <title>{words.siteOutcome[outcome]}</title>
          </rect>
        );
      })}
    </svg>
  );
}

function countOutcomes(
  history: readonly SiteOutcome[],
  names: Readonly<Record<SiteOutcome, string>>,
): readonly string[] {
  const counts = new Map<SiteOutcome, number>();
  for (const outcome of history) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].map(([outcome, count]) => `${count} ${names[outcome]}`);
}
