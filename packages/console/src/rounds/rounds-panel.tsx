import { useMemo, useState } from 'react';
import type { ReactElement } from 'react';

import type { RoundView } from '@noren/protocol/console';
import type { Metric } from '../gate/scale.ts';
import { useSpeech } from '../language/language.tsx';
import { QualityLine } from './quality-line.tsx';
import { qualityTrend } from './quality-trend.ts';
import { RoundRow } from './round-row.tsx';

const SHOWN_ROUNDS = 10;

export interface RoundsPanelProps {
  readonly rounds: readonly RoundView[];
  readonly metric: Metric;
  readonly nameOf: (site: string) => string;
}

export function RoundsPanel({ rounds, metric, nameOf }: RoundsPanelProps): ReactElement {
  const { words, formats } = useSpeech();
  const [all, setAll] = useState(false);
  const points = useMemo(() => qualityTrend(rounds, metric), [rounds, metric]);
  return (
    <section className="panel" aria-labelledby="rounds-heading">
      <div className="panel-head">
        <h2 id="rounds-heading">{words.rounds}</h2>
      </div>
      {rounds.length === 0 ? (
        <div className="empty">
          <p>{words.noRounds}</p>
        </div>
      ) : (
        <>
          <QualityLine points={points} metric={metric} />
          <div className="scroll">
            <table className="rounds">
              <thead>
                <tr>
                  <th scope="col" className="number">
                    {words.columnRound}
                  </th>
                  <th scope="col">{words.columnOutcome}</th>
                  <th scope="col">{words.columnStarted}</th>
                  <th scope="col" className="number">
                    {words.columnDuration}
                  </th>
                  <th scope="col" className="number">
                    {words.columnSurvivors}
                  </th>
                  <th scope="col" className="number">
                    {words.columnBytes}
                  </th>
                  <th scope="col" className="number">
                    <span title={words.differenceNote}>{words.columnDifference}</span>
                  </th>
                  <th scope="col" className="number">
                    <span title={words.differenceNote}>{words.columnBound}</span>
                  </th>
                  <th scope="col">{words.columnReason}</th>
                </tr>
              </thead>
              <tbody>
                {(all ? rounds : rounds.slice(0, SHOWN_ROUNDS)).map((round) => (
                  <RoundRow key={round.id} round={round} nameOf={nameOf} />
                ))}
              </tbody>
            </table>
          </div>
          {rounds.length > SHOWN_ROUNDS ? (
            <button type="button" className="more" aria-expanded={all} onClick={() => setAll(!all)}>
              {all ? words.showFewer : words.showAll(formats.integer(rounds.length))}
            </button>
          ) : null}
        </>
      )}
    </section>
  );
}
