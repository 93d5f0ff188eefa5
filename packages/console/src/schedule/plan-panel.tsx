import type { ReactElement } from 'react';

import type { FederationView } from '@noren/protocol/console';
import { useSpeech } from '../language/language.tsx';

export function PlanPanel({ plan }: { plan: FederationView['plan'] }): ReactElement {
  const { words, formats } = useSpeech();
  return (
    <section className="panel" aria-labelledby="plan-heading">
      <div className="panel-head">
        <h2 id="plan-heading">{words.plan}</h2>
        <p className="faint panel-facts">
          <span>{plan.name}</span>
        </p>
      </div>
      <dl className="facts">
        <dt>{words.sharedGroups}</dt>
        <dd>
          <Groups names={plan.federatedGroups} />
          <span className="faint line">{words.numbersSent(formats.integer(plan.vectorLength))}</span>
        </dd>
        <dt>{words.localGroups}</dt>
        <dd>{plan.localGroups.length === 0 ? words.none : <Groups names={plan.localGroups} />}</dd>
      </dl>
    </section>
  );
}

function Groups({ names }: { names: readonly string[] }): ReactElement {
  return (
    <ul className="groups">
      {names.map((name) => (
        <li key={name}>
          <code>{name}</code>
        </li>
      ))}
    </ul>
  );
}
