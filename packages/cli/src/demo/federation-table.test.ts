import type { FederationView, GateView, RoundView } from '@noren/protocol/console';
import { expect, test } from 'vitest';

import { phrasesIn } from '../language/choose.ts';
import { federationTable } from './federation-table.ts';

const interval = (mean: number): { mean: number; low: number; high: number } => ({
  mean,
  low: mean - 0.02,
  high: mean + 0.02,
});

function gate(federated: number, adopted: boolean): GateView {
  const scores = (['scratch', 'backbone', 'local', 'federated'] as const).map((strategy, index) => ({
    strategy,
    ndcg: interval(strategy === 'federated' ? federated : 0.1 + index / 100),
    hr: interval(0.2),
  }));
  return { round: 1, chosen: adopted ? 'federated' : 'local', adopted, customers: 56, explanation: '', scores };
}

test('a round shows for each site four strategies with intervals and the verdict, and the mean of the sites', () => {
  const view = { sites: [{ id: 'aoyama', name: 'Aoyama Street' }] } as unknown as FederationView;
  const round = {
    gates: [
      { site: 'aoyama', gate: gate(0.2, true) },
      { site: 'harbour', gate: gate(0.1, false) },
    ],
  } as unknown as RoundView;
  const lines = federationTable(view, round, phrasesIn('en')).split('\n');
  expect(lines[2]).toMatch(
    /^Aoyama Street +56 +NDCG@10 +\.100 \[\.080, \.120\] .* \.200 \[\.180, \.220\] +adopts the federated model$/,
  );
  expect(lines[4]).toMatch(/^harbour .* uses locally re-learned$/);
  expect(lines[6]).toMatch(/^mean of sites +NDCG@10 +\.100 +\.110 +\.120 +\.150$/);
});
