import type { FederationView, GateView, RoundView } from '@noren/protocol/console';

import type { Phrases } from '../language/phrases.ts';
import { renderTable, type Column } from '../terminal/table.ts';

const strategies = ['scratch', 'backbone', 'local', 'federated'] as const;

/** Metrics are shown as retail papers do: three digits, no leading zero. */
export function metricText(value: number): string {
  return value.toFixed(3).replace(/^(-?)0\./, '$1.');
}

/**
 * The evidence of one round: for every site and metric the four strategies with their 95 % intervals, and the verdict
 * of the no-harm gate. Two rows a site.
 */
export function federationTable(view: FederationView, round: RoundView, phrases: Phrases): string {
  const columns: Column[] = [
    { title: phrases.site },
    { title: phrases.customers, align: 'right' },
    { title: phrases.metric },
    ...strategies.map((strategy): Column => ({ title: phrases.strategies[strategy] })),
    { title: phrases.gate },
  ];
  const names = new Map(view.sites.map((site) => [site.id, site.name]));
  const gates = round.gates.toSorted((a, b) => (a.site < b.site ? -1 : 1));
  const rows = gates.flatMap(({ site, gate }) => [
    [
      names.get(site) ?? site,
      String(gate.customers),
      'NDCG@10',
      ...strategies.map((strategy) => scoreText(gate, strategy, 'ndcg')),
      verdictText(gate, phrases),
    ],
    ['', '', 'HR@10', ...strategies.map((strategy) => scoreText(gate, strategy, 'hr')), ''],
  ]);
  const means = (['ndcg', 'hr'] as const).map((metric) => [
    metric === 'ndcg' ? phrases.mean : '',
    '',
    metric === 'ndcg' ? 'NDCG@10' : 'HR@10',
    ...strategies.map((strategy) => meanText(round, strategy, metric)),
    '',
  ]);
  return renderTable(columns, [...rows, ...means]);
}

function scoreText(gate: GateView, strategy: string, metric: 'ndcg' | 'hr'): string {
  const interval = gate.scores.find((score) => score.strategy === strategy)?.[metric];
  if (interval === undefined) return '';
  return `${metricText(interval.mean)} [${metricText(interval.low)}, ${metricText(interval.high)}]`;
}

function meanText(round: RoundView, strategy: string, metric: 'ndcg' | 'hr'): string {
  const values = round.gates.flatMap(({ gate }) =>
    gate.scores.filter((score) => score.strategy === strategy).map((score) => score[metric].mean),
  );
  if (values.length === 0) return '';
  return metricText(values.reduce((sum, value) => sum + value, 0) / values.length);
}

function verdictText(gate: GateView, phrases: Phrases): string {
  if (gate.adopted && gate.chosen === 'blend') return phrases.blended;
  return gate.adopted ? phrases.adopted : phrases.keeps(phrases.strategies[gate.chosen]);
}
