import type { ReactElement, ReactNode } from 'react';

import { useNow } from '../connection/clock.ts';
import type { Liveness } from '../connection/live-events.ts';
import type { FederationView } from '@noren/protocol/console';
import { Choice } from '../element/choice.tsx';
import { Identifier } from '../element/identifier.tsx';
import type { Language } from '../language/dictionary.ts';
import { messages } from '../language/dictionary.ts';
import { useSpeech } from '../language/language.tsx';
import { StatusMark } from '../status/status-mark.tsx';
import { livenessLook, pausedLook } from '../status/status.ts';
import { Curtain } from './curtain.tsx';

const LANGUAGES: readonly Language[] = ['en', 'ja'];

export function Header(props: {
  view: FederationView | null;
  liveness: Liveness;
  answeredAt: number | null;
}): ReactElement {
  const { language, words, formats, choose } = useSpeech();
  return (
    <header className="header">
      <div className="title">
        <Curtain />
        <div>
          <p className="faint overline">Noren {words.federation}</p>
          <h1>{props.view?.name ?? ' '}</h1>
        </div>
        <div className="header-tools">
          <span
            className="liveness"
            title={props.answeredAt === null ? undefined : words.lastAnswer(formats.dateTime(props.answeredAt))}
          >
            <StatusMark look={livenessLook[props.liveness]}>{words.liveness[props.liveness]}</StatusMark>
          </span>
          <Choice<Language>
            name="language"
            label={words.chooseLanguage}
            value={language}
            options={LANGUAGES.map((each) => ({ value: each, text: messages[each].languageName, lang: each }))}
            onChoose={choose}
          />
        </div>
      </div>
      {props.view === null ? null : <Facts view={props.view} />}
    </header>
  );
}

function Facts({ view }: { view: FederationView }): ReactElement {
  const { words, formats } = useSpeech();
  const { release, backbone, plan } = view;
  return (
    <dl className="headline">
      <NextRound schedule={view.schedule} />
      <Fact
        term={words.release}
        value={formats.integer(release.number)}
        note={release.round === null ? words.releaseFirst : words.releaseFromRound(formats.integer(release.round))}
      >
        <Identifier value={release.hash} />
      </Fact>
      <Fact term={words.backbone} value={formats.compact(backbone.parameters)} note={words.parametersNote}>
        <Identifier value={backbone.hash} />
      </Fact>
      <Fact
        term={words.plan}
        value={plan.name}
        note={words.planGroups(formats.integer(plan.federatedGroups.length), formats.integer(plan.localGroups.length))}
      />
    </dl>
  );
}

function NextRound({ schedule }: { schedule: FederationView['schedule'] }): ReactElement {
  const { words, formats } = useSpeech();
  const now = useNow();
  const next = schedule.nextAt === null ? null : Date.parse(schedule.nextAt);
  let value = words.nextNone;
  if (next !== null) value = next > now ? words.nextIn(formats.duration(next - now)) : words.nextDue;
  return (
    <Fact
      term={words.nextRound}
      value={schedule.paused ? <StatusMark look={pausedLook}>{words.paused}</StatusMark> : value}
      note={<span lang={schedule.waiting === null ? undefined : 'en'}>{schedule.waiting ?? timeNote()}</span>}
    />
  );

  function timeNote(): string {
    return next === null ? '' : formats.clock(next, now);
  }
}

function Fact(props: { term: string; value: ReactNode; note: ReactNode; children?: ReactNode }): ReactElement {
  return (
    <div>
      <dt>{props.term}</dt>
      <dd>
        <span className="headline-value">
          {props.value}
          {props.children}
        </span>
        <span className="faint headline-note">{props.note}</span>
      </dd>
    </div>
  );
}
