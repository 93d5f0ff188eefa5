import type { FederationView, RoundView, SiteView } from '@noren/protocol/console';

import type { Phrases } from '../language/phrases.ts';
import { bytesText, secondsText } from '../terminal/quantity.ts';
import { renderTable } from '../terminal/table.ts';

export function shownSites(view: FederationView, phrases: Phrases): string {
  const { columns, activity } = phrases.federation;
  return renderTable(
    [columns.site, columns.name, columns.state, columns.activity, columns.inService].map((title) => ({ title })),
    view.sites.map((site) => [
      site.id,
      site.name,
      stateOf(site, phrases),
      site.activity === null ? '' : `${activity[site.activity.kind]} ${Math.round(site.activity.fraction * 100)} %`,
      site.gate === null ? '' : phrases.strategies[site.gate.chosen],
    ]),
  );
}

function stateOf({ connected, revoked, quarantine }: SiteView, { federation }: Phrases): string {
  if (revoked !== null) return federation.revoked;
  const there = connected ? federation.connected : federation.away;
  return quarantine === null ? there : `${federation.quarantined}, ${there}`;
}

export function shownRound(round: RoundView, { federation }: Phrases): string {
  const resumedAt = round.resumedAt.at(-1);
  const resumed = resumedAt === undefined ? '' : ` (${federation.resumedAt(`${resumedAt.slice(11, 19)} UTC`)})`;
  return `${federation.round(round.number)}: ${federation.phase[round.phase]}${resumed}. ${round.waitingFor ?? ''}`.trimEnd();
}

export function shownRounds(rounds: readonly RoundView[], { federation }: Phrases): string {
  const { columns, phase } = federation;
  return renderTable(
    [
      { title: columns.round, align: 'right' },
      { title: columns.outcome },
      { title: columns.seconds, align: 'right' },
      { title: columns.inSum, align: 'right' },
      { title: columns.uploaded, align: 'right' },
      { title: columns.reason },
    ],
    rounds.map((round) => [
      String(round.number),
      `${phase[round.outcome ?? round.phase]}${round.resumedAt.length === 0 ? '' : `, ${federation.resumed}`}`,
      round.endedAt === null ? '' : secondsText(Date.parse(round.endedAt) - Date.parse(round.startedAt)),
      `${round.survivors.length}/${round.cohort.length}`,
      bytesText(round.bytesUp),
      round.reason ?? '',
    ]),
  );
}
