import type { ReactElement } from 'react';

import { useNow } from '../connection/clock.ts';
import type { FederationView, RoundView } from '@noren/protocol/console';
import { Moment } from '../element/moment.tsx';
import { useSpeech } from '../language/language.tsx';
import { StatusMark } from '../status/status-mark.tsx';
import { outcomeLook } from '../status/status.ts';
import { GroupList } from './group-list.tsx';
import { ParticipantList } from './participant-list.tsx';
import { PhaseRail } from './phase-rail.tsx';
import { outcomeWord, phaseWord } from './phase-word.ts';
import { deadlineSentence, waitingSentence } from './waiting.ts';

/**
 * The running round; between rounds the one that ended last, so that the page keeps its shape when a round starts or
 * ends.
 */
export function RoundPanel(props: { view: FederationView; nameOf: (site: string) => string }): ReactElement {
  const { words, formats } = useSpeech();
  const { view, nameOf } = props;
  const round = view.running ?? view.rounds[0] ?? null;
  return (
    <section className="panel round" aria-labelledby="round-heading" id="round" tabIndex={-1}>
      <div className="panel-head">
        <h2 id="round-heading">{round === null ? words.firstRound : words.round(formats.integer(round.number))}</h2>
        {round === null ? null : <RoundFacts round={round} />}
      </div>
      <PhaseRail round={round} />
      {view.running === null ? (
        <IdleSentence view={view} last={round} />
      ) : (
        <WaitingSentence round={view.running} nameOf={nameOf} />
      )}
      {view.sites.length === 0 || round === null ? null : <ParticipantList round={round} nameOf={nameOf} />}
      {round === null ? null : <GroupList key={round.id} round={round} nameOf={nameOf} />}
      <Announcement view={view} />
    </section>
  );
}

function RoundFacts({ round }: { round: RoundView }): ReactElement {
  const { words, formats } = useSpeech();
  const now = useNow();
  const resumedAt = round.resumedAt.at(-1);
  const length = Date.parse(round.endedAt ?? '') - Date.parse(round.startedAt);
  return (
    <>
      {round.outcome === null ? (
        <StatusMark look={outcomeLook.running} boxed>
          {phaseWord(round.phase, words)}
        </StatusMark>
      ) : (
        <StatusMark look={outcomeLook[round.outcome]} boxed>
          {outcomeWord(round.kind, round.outcome, words)}
        </StatusMark>
      )}
      <p className="faint panel-facts panel-tools">
        {round.endedAt === null ? (
          <span>{words.runningFor(formats.duration(now - Date.parse(round.startedAt)))}</span>
        ) : (
          <>
            <span>
              {words.endedWord} <Moment at={round.endedAt} />
            </span>
            <span>{words.took(formats.duration(length))}</span>
          </>
        )}
        {resumedAt === undefined ? null : (
          <span>
            {words.resumedWord} <Moment at={resumedAt} />
          </span>
        )}
        <span>{words.sent(formats.bytes(round.bytesUp))}</span>
      </p>
    </>
  );
}

/**
 * The coordinator knows best what it waits for (the quorum, for one) but says it in English; in another language the
 * page tells it from the round's state, and the coordinator's own words follow.
 */
function WaitingSentence(props: { round: RoundView; nameOf: (site: string) => string }): ReactElement {
  const { language, words, formats } = useSpeech();
  const now = useNow();
  const { round } = props;
  const told = waitingSentence(round, props.nameOf, words, formats);
  const original = round.waitingFor;
  const until = deadlineSentence(round.deadlineAt, now, words, formats);
  return (
    <p className="sentence">
      <strong>{language === 'en' ? (original ?? told) : told}</strong> <span className="faint">{until}</span>
      {language === 'en' || original === null ? null : (
        <span className="faint original" lang="en">
          {original}
        </span>
      )}
    </p>
  );
}

function IdleSentence({ view, last }: { view: FederationView; last: RoundView | null }): ReactElement {
  const { words, formats } = useSpeech();
  const now = useNow();
  const { schedule } = view;
  const wait = schedule.nextAt === null ? null : Date.parse(schedule.nextAt) - now;
  let sentence = words.idle;
  if (schedule.paused) sentence = words.idlePaused;
  else if (wait !== null && wait > 0) sentence = words.idleNext(formats.duration(wait));
  const outcomeReason = last?.reason ?? null;
  return (
    <p className="sentence">
      <strong>{sentence}</strong>{' '}
      {schedule.waiting === null ? null : (
        <span className="faint" lang="en">
          {schedule.waiting}
        </span>
      )}
      {outcomeReason === null ? null : (
        <span className="faint original" lang="en">
          {outcomeReason}
        </span>
      )}
    </p>
  );
}

/** For ears: one short message when the phase changes, nothing while the seconds pass. */
function Announcement({ view }: { view: FederationView }): ReactElement {
  const { words, formats } = useSpeech();
  return (
    <p className="unseen" role="status">
      {announcement()}
    </p>
  );

  function announcement(): string {
    if (view.running !== null) {
      return words.phaseAnnouncement(formats.integer(view.running.number), phaseWord(view.running.phase, words));
    }
    const last = view.rounds[0];
    if (last === undefined || last.outcome === null) return words.idleAnnouncement;
    return words.outcomeAnnouncement(formats.integer(last.number), outcomeWord(last.kind, last.outcome, words));
  }
}
