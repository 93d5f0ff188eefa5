import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { ReactElement } from 'react';

import type { FederationView, SiteView } from '@noren/protocol/console';
import { Command } from '../element/command.tsx';
import { ScaleTicks, StrategyLegend } from '../gate/interval-chart.tsx';
import { sharedScale } from '../gate/scale.ts';
import type { Metric } from '../gate/scale.ts';
import { useSpeech } from '../language/language.tsx';
import { addressValue, rememberInAddress } from '../page/address.ts';
import { FindSite } from './find-site.tsx';
import { MetricChoice } from './metric-choice.tsx';
import { isQuarantined } from './is-quarantined.ts';
import { QuarantineBar } from './quarantine-bar.tsx';
import { SITE_COLUMNS, siteDetailId, SiteRow } from './site-row.tsx';

/** With fewer sites than this the eye finds them faster. */
const FINDABLE_SITES = 9;

export interface SitesPanelProps {
  readonly view: FederationView;
  readonly metric: Metric;
  readonly onMetric: (metric: Metric) => void;
}

export function SitesPanel({ view, metric, onMetric }: SitesPanelProps): ReactElement {
  const { words, formats } = useSpeech();
  const [find, setFind] = useState(() => addressValue('find') ?? '');
  const { open, toggle, show } = useOpenSites();

  const sites = useMemo(() => sitesById(view.sites), [view.sites]);
  const shown = useMemo(() => sites.filter((site) => matches(site, find)), [sites, find]);
  const gates = useMemo(() => sites.flatMap((site) => (site.gate === null ? [] : [site.gate])), [sites]);
  const scale = useMemo(() => sharedScale(gates, metric), [gates, metric]);
  const releaseRounds = useMemo(() => roundsByRelease(view), [view]);

  useEffect(() => rememberInAddress('find', find), [find]);

  if (sites.length === 0) return <NoSites />;
  const connected = sites.filter((site) => site.connected).length;
  const adopted = gates.filter((gate) => gate.adopted).length;
  return (
    <section className="panel" aria-labelledby="sites-heading">
      <div className="panel-head">
        <h2 id="sites-heading">{words.sites}</h2>
        <p className="faint panel-facts">
          <span>{words.siteCount(formats.integer(sites.length), formats.integer(connected))}</span>
          {gates.length === 0 ? null : (
            <span>{words.siteCountAdopted(formats.integer(adopted), formats.integer(gates.length))}</span>
          )}
        </p>
        <div className="panel-tools">
          {sites.length >= FINDABLE_SITES ? <FindSite value={find} onFind={setFind} /> : null}
          <MetricChoice metric={metric} onChoose={onMetric} />
        </div>
      </div>
      <QuarantineBar
        sites={sites.filter(isQuarantined)}
        onShow={(site) => {
          setFind('');
          show(site);
        }}
      />
      {scale === null ? null : <StrategyLegend />}
      <div className="scroll">
        <table className="sites">
          <thead>
            <tr>
              <th scope="col" className="site-heading">
                {words.columnSite}
              </th>
              <th scope="col" className="now-heading">
                {words.columnActivity}
              </th>
              <th scope="col">{words.columnRelease}</th>
              <th scope="col">{words.columnGate}</th>
              <th scope="col" className="chart">
                <span title={words.intervalNote}>{words.metricName[metric]}</span>
                {scale === null ? null : <ScaleTicks scale={scale} />}
              </th>
              <th scope="col">{words.columnHistory}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((site) => (
              <SiteRow
                key={site.id}
                site={site}
                metric={metric}
                scale={scale}
                currentRelease={view.release.hash}
                releaseRound={site.releaseHash === null ? null : (releaseRounds.get(site.releaseHash) ?? null)}
                consoleAddress={view.consoleAddress}
                open={open.has(site.id)}
                onToggle={toggle}
              />
            ))}
            {shown.length === 0 ? (
              <tr>
                <td className="faint" colSpan={SITE_COLUMNS}>
                  {words.noSiteFound(find)}
                </td>
              </tr>
            ) : null}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function NoSites(): ReactElement {
  const { words } = useSpeech();
  return (
    <section className="panel" aria-labelledby="sites-heading">
      <div className="panel-head">
        <h2 id="sites-heading">{words.sites}</h2>
      </div>
      <div className="empty">
        <p className="empty-title">{words.noSitesTitle}</p>
        <p>{words.noSitesAdvice}</p>
        <Command line="noren site invite <id> --home <home>" />
      </div>
    </section>
  );
}

interface OpenSites {
  readonly open: ReadonlySet<string>;
  readonly toggle: (site: string) => void;
  /** Opens the site and leads the reader to it. */
  readonly show: (site: string) => void;
}

/** Which sites show their numbers; kept in the address. */
function useOpenSites(): OpenSites {
  const [open, setOpen] = useState<ReadonlySet<string>>(
    () => new Set((addressValue('site') ?? '').split(',').filter((site) => site !== '')),
  );
  const untouched = useRef(true);
  useEffect(() => {
    if (untouched.current) untouched.current = false;
    else rememberInAddress('site', [...open].join(','));
  }, [open]);
  const toggle = useCallback((site: string) => {
    setOpen((before) => {
      const after = new Set(before);
      if (!after.delete(site)) after.add(site);
      return after;
    });
  }, []);
  const [wanted, setWanted] = useState<{ readonly site: string } | null>(null);
  // The row may be there only after the list was drawn anew.
  useEffect(() => {
    if (wanted === null) return;
    const toggleOf = document.querySelector<HTMLElement>(`[aria-controls="${siteDetailId(wanted.site)}"]`);
    toggleOf?.focus({ preventScroll: true });
    toggleOf?.closest('tr')?.scrollIntoView({ block: 'start' });
  }, [wanted]);
  const show = useCallback((site: string) => {
    setOpen((before) => new Set(before).add(site));
    setWanted({ site });
  }, []);
  return { open, toggle, show };
}

/** By id: an order that no event changes, so that rows stay where the eye left them. */
function sitesById(sites: readonly SiteView[]): readonly SiteView[] {
  return [...sites].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function matches(site: SiteView, find: string): boolean {
  const wanted = find.trim().toLowerCase();
  return site.id.includes(wanted) || site.name.toLowerCase().includes(wanted);
}

function roundsByRelease(view: FederationView): ReadonlyMap<string, number> {
  const rounds = new Map<string, number>();
  for (const round of view.rounds) if (round.releaseHash !== null) rounds.set(round.releaseHash, round.number);
  return rounds;
}
