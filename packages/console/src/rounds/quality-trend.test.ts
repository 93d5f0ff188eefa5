import type { GateView, RoundView, Strategy } from '@noren/protocol/console';
import { expect, test } from 'vitest';

import { federationView } from '../testing/federation.ts';
import { qualityTrend } from './quality-trend.ts';

const [template] = federationView({ sites: 3, rounds: 1, running: false }).rounds;

function gate(means: Partial<Record<Strategy, number>>): GateView {
  const scores = Object.entries(means).map(([strategy, mean]) => ({
    strategy: strategy as Strategy,
    ndcg: { mean, low: mean - 0.01, high: mean + 0.01 },
    hr: { mean: mean * 2, low: mean, high: mean * 3 },
  }));
  return { round: 1, chosen: 'federated', adopted: true, customers: 80, explanation: '', scores };
}

function round(number: number, gates: GateView[]): RoundView {
  if (template === undefined) throw new Error('the fixture has no round');
  return { ...template, number, gates: gates.map((each, index) => ({ site: `site-${index}`, gate: each })) };
}

test('rounds come oldest first, each the mean of its sites; rounds nobody judged are left out', () => {
  const points = qualityTrend(
    [
      round(9, [gate({ scratch: 0.1, federated: 0.2 }), gate({ scratch: 0.2, federated: 0.4 })]),
      round(8, []),
      round(7, [gate({ scratch: 0.1, federated: 0.1 })]),
    ],
    'ndcg',
  );
  expect(points.map((point) => point.round)).toEqual([7, 9]);
  expect(points[1]?.federated).toBeCloseTo(0.3);
  expect(points[1]?.scratch).toBeCloseTo(0.15);
});

test('the metric asked for is the one that is averaged', () => {
  expect(qualityTrend([round(1, [gate({ scratch: 0.1, federated: 0.2 })])], 'hr')[0]?.federated).toBeCloseTo(0.4);
});

test('a round judged without the scratch reference has no point', () => {
  expect(qualityTrend([round(1, [gate({ federated: 0.2 })])], 'ndcg')).toEqual([]);
});
