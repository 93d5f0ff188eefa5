import type { ReactElement } from 'react';

import { useNow } from '../connection/clock.ts';
import type { FederationView } from '@noren/protocol/console';
import { useSpeech } from '../language/language.tsx';
import { scheduleWords } from './schedule-words.ts';

export function SchedulePanel({ schedule }: { schedule: FederationView['schedule'] }): ReactElement {
  const { language, words, formats } = useSpeech();
  const now = useNow();
  const inWords = scheduleWords(schedule.expression, words, language);
  const next = schedule.nextAt === null ? null : Date.parse(schedule.nextAt);
  return (
    <section className="panel" aria-labelledby="schedule-heading">
      <div className="panel-head">
        <h2 id="schedule-heading">{words.schedule}</h2>
      </div>
      <dl className="facts">
        <dt>{words.expression}</dt>
        <dd>
          {inWords === null ? null : <span className="line">{inWords}</span>}
          <code>{schedule.expression}</code>
        </dd>
        <dt>{words.timeZone}</dt>
        <dd>{schedule.timeZone}</dd>
        <dt>{words.nextTime}</dt>
        <dd>
          {next === null ? (
            words.nextNone
          ) : (
            <>
              <span className="line">{formats.dateTime(next, schedule.timeZone)}</span>
              <span className="faint line">
                {words.hereTime} {formats.clock(next, now)}
              </span>
            </>
          )}
        </dd>
        {schedule.waiting === null ? null : (
          <>
            <dt>{words.why}</dt>
            <dd lang="en">{schedule.waiting}</dd>
          </>
        )}
      </dl>
    </section>
  );
}
