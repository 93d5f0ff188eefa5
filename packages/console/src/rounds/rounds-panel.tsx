import { useMemo, useState } from 'react';
import type { ReactElement } from 'react';

import type { RoundView } from '@noren/protocol/console';
import { Moment } from '../element/moment.tsx';
import type { Metric } from '../gate/scale.ts';
import { useSpeech } from '../language/language.tsx';
import { outcomeWord } from '../round/phase-word.ts';
import { StatusMark } from '../status/status-mark.tsx';
import { outcomeLook } from '../status/status.ts';
import { QualityLine } from './quality-line.tsx';
import { qualityTrend } from './quality-trend.ts';

const SHOWN_ROUNDS = 10;
const DIGITS = 4;

export function RoundsPanel({ rounds, metric }: { rounds: readonly RoundView[]; metric: Metric }): ReactElement {
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
                  <RoundRow key={round.id} round={round} />
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

function RoundRow({ round }: { round: RoundView }): ReactElement {
  const { words, formats } = useSpeech();
  const length = round.endedAt === null ? null : Date.parse(round.endedAt) - Date.parse(round.startedAt);
  const { difference, outcome } = round;
  return (
    <tr>
      <th scope="row" className="number">
        {formats.integer(round.number)}
      </th>
      <td>
        <StatusMark look={outcomeLook[outcome ?? 'running']}>
          {outcome === null ? words.running : outcomeWord(round.kind, outcome, words)}
        </StatusMark>
      </td>
      <td className="faint">
        <Moment at={round.startedAt} />
      </td>
      <td className="number">{length === null ? '' : formats.duration(length)}</td>
      <td className="number">
        {words.survivorsOf(formats.integer(round.survivors.length), formats.integer(round.cohort.length))}
      </td>
      <td className="number">{formats.bytes(round.bytesUp)}</td>
      <td className="number">{difference === null ? null : formats.signed(difference.mean, DIGITS)}</td>
      <td className="number faint">{difference === null ? null : formats.signed(difference.low, DIGITS)}</td>
      <td className="reason-cell faint" lang="en">
        {round.reason}
      </td>
    </tr>
  );
}
