import { useEffect, useMemo, useState } from 'react';
import type { ReactElement } from 'react';

import { ClockOffset, clockOffset } from '../connection/clock.ts';
import { FEDERATION_ADDRESS } from '../connection/federation-query.ts';
import { useFederation } from '../connection/use-federation.ts';
import type { FederationView, SiteView } from '@noren/protocol/console';
import type { Metric } from '../gate/scale.ts';
import { useSpeech } from '../language/language.tsx';
import { RoundPanel } from '../round/round-panel.tsx';
import { RoundsPanel } from '../rounds/rounds-panel.tsx';
import { PlanPanel } from '../schedule/plan-panel.tsx';
import { SchedulePanel } from '../schedule/schedule-panel.tsx';
import { SitesPanel } from '../sites/sites-panel.tsx';
import { addressValue, rememberInAddress } from './address.ts';
import { Header } from './header.tsx';
import { Trouble } from './trouble.tsx';

export function Page(): ReactElement {
  const { words } = useSpeech();
  const { received, error, liveness } = useFederation();
  const view = received?.view ?? null;
  const answeredAt = received?.at ?? null;

  useEffect(() => {
    document.title = view === null ? 'Noren' : `${view.name} · Noren`;
  }, [view]);

  return (
    <ClockOffset value={received === undefined ? 0 : clockOffset(received.view.now, received.at)}>
      <a className="skip" href="#round">
        {words.skip}
      </a>
      <div className="eaves" aria-hidden="true" />
      <Header view={view} liveness={liveness} answeredAt={answeredAt} />
      <main>
        {error === null ? null : <Trouble error={error} answeredAt={answeredAt} />}
        {view === null ? <p className="loading">{error === null ? words.loading : ''}</p> : <Panels view={view} />}
      </main>
      <footer className="footer faint">
        <span>{words.readOnly}</span>
        <a href={FEDERATION_ADDRESS}>{words.asJson}</a>
        {view === null ? null : <code>{view.address}</code>}
      </footer>
    </ClockOffset>
  );
}

function Panels({ view }: { view: FederationView }): ReactElement {
  const [metric, setMetric] = useState<Metric>(() => (addressValue('metric') === 'hr' ? 'hr' : 'ndcg'));
  const chooseMetric = (chosen: Metric): void => {
    setMetric(chosen);
    rememberInAddress('metric', chosen === 'ndcg' ? null : chosen);
  };
  const nameOf = useMemo(() => siteNames(view.sites), [view.sites]);
  return (
    <>
      <RoundPanel view={view} nameOf={nameOf} />
      <SitesPanel view={view} metric={metric} onMetric={chooseMetric} />
      <div className="columns">
        <RoundsPanel rounds={view.rounds} metric={metric} nameOf={nameOf} />
        <div className="aside">
          <SchedulePanel schedule={view.schedule} />
          <PlanPanel plan={view.plan} />
        </div>
      </div>
    </>
  );
}

function siteNames(sites: readonly SiteView[]): (site: string) => string {
  const names = new Map(sites.map((site) => [site.id, site.name]));
  return (site) => names.get(site) ?? site;
}
