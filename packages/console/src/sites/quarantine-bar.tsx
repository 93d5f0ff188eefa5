import type { ReactElement } from 'react';

import type { SiteView } from '@noren/protocol/console';
import { useSpeech } from '../language/language.tsx';
import { StatusMark } from '../status/status-mark.tsx';
import { quarantineLook } from '../status/status.ts';

const MOST_NAMES = 8;

/** Above the list, so that a site in quarantine is seen among a thousand; a name leads to the site. */
export function QuarantineBar(props: {
  sites: readonly SiteView[];
  onShow: (site: string) => void;
}): ReactElement | null {
  const { words, formats } = useSpeech();
  const { sites } = props;
  if (sites.length === 0) return null;
  const others = sites.length - MOST_NAMES;
  return (
    <div className="quarantine-bar" data-tone={quarantineLook.tone}>
      <StatusMark look={quarantineLook}>
        {words.quarantineCount(sites.length, formats.integer(sites.length))}
      </StatusMark>
      <ul>
        {sites.slice(0, MOST_NAMES).map((site) => (
          <li key={site.id}>
            <button type="button" className="link" onClick={() => props.onShow(site.id)}>
              {site.name}
            </button>
          </li>
        ))}
        {others > 0 ? <li>{words.moreSites(formats.integer(others))}</li> : null}
      </ul>
      <span className="faint">{words.quarantineBrief}</span>
    </div>
  );
}
