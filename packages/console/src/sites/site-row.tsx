import { memo } from 'react';
import type { ReactElement, ReactNode } from 'react';

import type { SiteView } from '@noren/protocol/console';
import { Identifier } from '../element/identifier.tsx';
import { Moment } from '../element/moment.tsx';
import { Toggle } from '../element/toggle.tsx';
import { GateMark } from '../gate/gate-mark.tsx';
import { IntervalChart } from '../gate/interval-chart.tsx';
import type { Metric, Scale } from '../gate/scale.ts';
import { useSpeech } from '../language/language.tsx';
import { StatusMark } from '../status/status-mark.tsx';
import { connectionLook, quarantineLook, revokedLook } from '../status/status.ts';
import type { StatusLook } from '../status/status.ts';
import { HistoryStrip } from './history-strip.tsx';
import { isQuarantined } from './is-quarantined.ts';
import { QuarantineNote } from './quarantine-note.tsx';
import { SiteDetail } from './site-detail.tsx';

export const SITE_COLUMNS = 6;

export function siteDetailId(site: string): string {
  return `site-${site}`;
}

export interface SiteRowProps {
  readonly site: SiteView;
  readonly metric: Metric;
  readonly scale: Scale | null;
  /** The federation's newest release, to tell which sites use it. */
  readonly currentRelease: string;
  readonly releaseRound: number | null;
  /** For the commands that a quarantine is ended with. */
  readonly consoleAddress: string;
  readonly open: boolean;
  readonly onToggle: (site: string) => void;
}

/** Memoised: most events change one site, and a federation may have many. */
export const SiteRow: React.NamedExoticComponent<SiteRowProps> = memo(function SiteRow(props: SiteRowProps) {
  const { words } = useSpeech();
  const { site, metric, scale } = props;
  const detailId = siteDetailId(site.id);
  const quarantine = isQuarantined(site) ? site.quarantine : null;
  const hasDetail = quarantine !== null || (site.gate !== null && scale !== null);
  return (
    <>
      <tr className={props.open ? 'site open' : 'site'}>
        <th scope="row" className="site-name">
          {hasDetail ? (
            <Toggle
              open={props.open}
              controls={detailId}
              label={props.open ? words.hideDetail(site.name) : words.showDetail(site.name)}
              onToggle={() => props.onToggle(site.id)}
            />
          ) : (
            <span className="toggle-space" />
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
      {props.open && hasDetail ? (
        <tr id={detailId} className="site-detail">
          <td colSpan={SITE_COLUMNS}>
            <div className="detail">
              {quarantine === null ? null : (
                <QuarantineNote site={site.id} quarantine={quarantine} consoleAddress={props.consoleAddress} />
              )}
              {site.gate === null || scale === null ? null : (
                <SiteDetail name={site.name} gate={site.gate} metric={metric} scale={scale} />
              )}
            </div>
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
    <span className="now" title={site.revoked ?? undefined}>
      <span className="now-words">
        <StatusMark look={look}>{word}</StatusMark>
        <span className="faint">{note()}</span>
      </span>
      {isQuarantined(site) ? <StatusMark look={quarantineLook}>{words.quarantined}</StatusMark> : null}
      {activity === null ? null : (
        <progress max="1" value={activity.fraction} aria-label={words.activity[activity.kind]} />
      )}
    </span>
  );

  function presence(): { look: StatusLook; word: string } {
    if (site.revoked !== null) return { look: revokedLook, word: words.revoked };
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
