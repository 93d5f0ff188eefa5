import type { ReactElement } from 'react';

import type { SiteView } from '@noren/protocol/console';
import { Command } from '../element/command.tsx';
import { Moment } from '../element/moment.tsx';
import { useSpeech } from '../language/language.tsx';
import { StatusMark } from '../status/status-mark.tsx';
import { quarantineLook } from '../status/status.ts';

/** Where commands ask by themselves. */
const USUAL_CONSOLE = 'http://127.0.0.1:7480';

/** Why a site is in quarantine, what that means, and the commands that end it. */
export function QuarantineNote(props: {
  site: string;
  quarantine: NonNullable<SiteView['quarantine']>;
  consoleAddress: string;
}): ReactElement {
  const { words, formats } = useSpeech();
  const { since, rounds, outlying } = props.quarantine;
  const where = props.consoleAddress === USUAL_CONSOLE ? '' : ` --console ${props.consoleAddress}`;
  const command = (decision: 'release' | 'revoke'): string =>
    `noren site ${decision} ${props.site} --home <home>${where} --reason "<${words.whatYouFound}>"`;
  return (
    <div className="quarantine-note">
      <p>
        <StatusMark look={quarantineLook} boxed>
          {words.quarantined}
        </StatusMark>{' '}
        <span className="faint">
          {words.quarantineBegan} <Moment at={since} />
        </span>
      </p>
      <p>
        <strong>{words.quarantineWhy(formats.integer(outlying), formats.integer(rounds))}</strong>{' '}
        {words.quarantineMeaning}
      </p>
      <p>{words.quarantineDecision}</p>
      <dl className="decisions">
        <dt>{words.takeIn}</dt>
        <dd>
          <Command line={command('release')} />
        </dd>
        <dt>{words.takeOut}</dt>
        <dd>
          <Command line={command('revoke')} />
        </dd>
      </dl>
    </div>
  );
}
