import { memo } from 'react';
import type { ReactElement, ReactNode } from 'react';

import type { SiteView } from '@noren/protocol/console';
import { Identifier } from '../element/identifier.tsx';
import { Moment } from '../element/moment.tsx';
import { GateMark } from '../gate/gate-mark.tsx';
import { IntervalChart } from '../gate/interval-chart.tsx';
import type { Metric, Scale } from '../gate/scale.ts';
import { useSpeech } from '../language/language.tsx';
import { StatusMark } from '../status/status-mark.tsx';
import { connectionLook } from '../status/status.ts';
import type { StatusLook } from '../status/status.ts';
import { HistoryStrip } from './history-strip.tsx';
import { SiteDetail } from './site-detail.tsx';

export const SITE_COLUMNS = 6;

export interface SiteRowProps {
  readonly site: SiteView;
  readonly metric: Metric;
  readonly scale: Scale | null;
  /** The federation's newest release, to tell which sites use it. */
  readonly currentRelease: string;
  readonly releaseRound: number | null;
  readonly open: boolean;
  readonly onToggle: (site: string) => void;
}

/** Memoised: most events change one site, and a federation may have many. */
export const SiteRow: React.NamedExoticComponent<SiteRowProps> = memo(function SiteRow(props: SiteRowProps) {
  const { words } = useSpeech();
  const { site, metric, scale } = props;
  const detailId = `site-${site.id}`;
  return (
    <>
      <tr className={props.open ? 'site open' : 'site'}>
        <th scope="row" className="site-name">
          {site.gate === null || scale === null ? (
            <span className="toggle-space" />
          ) : (
            <button
              type="button"
              className="toggle"
              aria-expanded={props.open}
              aria-controls={detailId}
              aria-label={props.open ? words.hideDetail(site.name) : words.showDetail(site.name)}
              onClick={() => props.onToggle(site.id)}
            >
              <svg viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
                <path d="m3 1.5 4 3.5-4 3.5" />
              </svg>
            </button>
          )}
          <span className="names">
            <span title={site.name}>{site.name}</span>
            <code className="faint" title={site.id}>
              {site.id}
            </code>
          </span>
        </th>
        <td>
          <SiteNow site={site} />
        </td>
        <td>
          <ReleaseInUse hash={site.releaseHash} current={props.currentRelease} round={props.releaseRound} />
        </td>
        <td>
          <GateMark gate={site.gate} />
        </td>
        <td className="chart">
          {site.gate === null || scale === null ? null : (
            <IntervalChart gate={site.gate} metric={metric} scale={scale} />
          )}
        </td>
        <td>
          <HistoryStrip history={site.history} />
        </td>
      </tr>
      {props.open && site.gate !== null && scale !== null ? (
        <tr id={detailId} className="site-detail">
          <td colSpan={SITE_COLUMNS}>
            <SiteDetail name={site.name} gate={site.gate} metric={metric} scale={scale} />
          </td>
        </tr>
      ) : null}
    </>
  );
});

/** What a site does, or else whether it is there. A site may go on working while its connection is lost: both show. */
function SiteNow({ site }: { site: SiteView }): ReactElement {
  const { words, formats } = useSpeech();
  const { activity } = site;
  const { look, word } = presence();
  return (
    <span className="now">
      <span className="now-words">
        <StatusMark look={look}>{word}</StatusMark>
        <span className="faint">{note()}</span>
      </span>
      {activity === null ? null : (
        <progress max="1" value={activity.fraction} aria-label={words.activity[activity.kind]} />
      )}
    </span>
  );

  function presence(): { look: StatusLook; word: string } {
    if (!site.connected) return { look: connectionLook.away, word: words.away };
    if (activity === null) return { look: connectionLook.connected, word: words.connected };
    return { look: connectionLook.busy, word: words.activity[activity.kind] };
  }

  function note(): ReactNode {
    if (site.connected) return activity === null ? null : formats.percent(activity.fraction);
    return site.lastSeenAt === null ? words.neverSeen : <Moment at={site.lastSeenAt} />;
  }
}

function ReleaseInUse(props: { hash: string | null; current: string; round: number | null }): ReactElement {
  const { words, formats } = useSpeech();
  if (props.hash === null) return <span className="faint">{words.none}</span>;
  const round = props.round === null ? null : words.ofRound(formats.integer(props.round));
  return (
    <span className="two-lines">
      <Identifier value={props.hash} />
      <span className="faint">{props.hash === props.current ? words.current : round}</span>
    </span>
  );
}
