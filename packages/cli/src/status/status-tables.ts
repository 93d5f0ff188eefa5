import type { FederationView, RoundView } from '@noren/protocol/console';

import { bytesText, secondsText } from '../terminal/quantity.ts';
import { renderTable } from '../terminal/table.ts';

export function shownSites(view: FederationView): string {
  return renderTable(
    [{ title: 'site' }, { title: 'name' }, { title: 'state' }, { title: 'activity' }, { title: 'in service' }],
    view.sites.map((site) => [
      site.id,
      site.name,
      site.connected ? 'connected' : 'away',
      site.activity === null ? '' : `${site.activity.kind} ${Math.round(site.activity.fraction * 100)} %`,
      site.gate?.chosen ?? '',
    ]),
  );
}

export function shownRound(round: RoundView): string {
  const resumedAt = round.resumedAt.at(-1);
  const resumed = resumedAt === undefined ? '' : ` (resumed at ${resumedAt.slice(11, 19)} UTC, after a restart)`;
  return `Round ${round.number}: ${round.phase}${resumed}. ${round.waitingFor ?? ''}`.trimEnd();
}

export function shownRounds(rounds: readonly RoundView[]): string {
  return renderTable(
    [
      { title: 'round', align: 'right' },
      { title: 'outcome' },
      { title: 'seconds', align: 'right' },
      { title: 'in the sum', align: 'right' },
      { title: 'uploaded', align: 'right' },
      { title: 'reason' },
    ],
    rounds.map((round) => [
      String(round.number),
      `${round.outcome ?? round.phase}${round.resumedAt.length === 0 ? '' : ', resumed'}`,
      round.endedAt === null ? '' : secondsText(Date.parse(round.endedAt) - Date.parse(round.startedAt)),
      `${round.survivors.length}/${round.cohort.length}`,
      bytesText(round.bytesUp),
      round.reason ?? '',
    ]),
  );
}
