import { parseSiteId } from '@noren/protocol';
import { describe, expect, test } from 'vitest';

import { normalQuantile } from './normal-quantile.ts';
import { decide, poolDifferences } from './verdict.ts';
import type { SiteDifference } from './verdict.ts';

const rules = { confidence: 0.95, margin: 0.002, minimumSites: 3, weightCap: 1000 };

function site(name: string, customers: number, mean: number, standardError: number): SiteDifference {
  return { site: parseSiteId(name), customers, mean, standardError };
}

test.each([
  [0.5, 0],
  [0.9, 1.2815515655446004],
  [0.95, 1.6448536269514722],
  [0.975, 1.959963984540054],
  [0.001, -3.090232306167813],
  [0.999999, 4.753424308822899],
])('the normal quantile of %d is %d (tables)', (probability, quantile) => {
  expect(normalQuantile(probability)).toBeCloseTo(quantile, 7);
});

describe('pooling', () => {
  test('weighs sites by their customers', () => {
    const pooled = poolDifferences([site('a', 300, 0.01, 0.004), site('b', 100, -0.01, 0.008)], rules);
    expect(pooled?.mean).toBeCloseTo(0.005, 12);
    const standardError = Math.hypot(0.75 * 0.004, 0.25 * 0.008);
    expect(pooled?.low).toBeCloseTo(0.005 - 1.6448536 * standardError, 8);
    expect(pooled?.customers).toBe(400);
  });

  test('a site whose scores did not move does not outweigh the others', () => {
    const pooled = poolDifferences([site('a', 100, -0.02, 0.001), site('b', 100, 0, 0)], rules);
    expect(pooled?.mean).toBeCloseTo(-0.01, 12);
  });

  test('claiming customers without end buys no more than the cap', () => {
    const pooled = poolDifferences([site('a', 4e9, 1, 0), site('b', 1000, 0, 0), site('c', 1000, 0, 0)], rules);
    expect(pooled?.mean).toBeCloseTo(1 / 3, 12);
  });
});

describe('the decision', () => {
  test('accepts a candidate that is surely not worse by more than the margin, with the figures', () => {
    const reports = ['a', 'b', 'c'].map((name) => site(name, 400, -0.001, 0.0001));
    const verdict = decide(reports, rules);
    expect(verdict.outcome).toBe('accepted');
    expect(verdict.reason).toBe(
      'NDCG difference to the current release -0.0010, at least -0.0011 with 95 % confidence (limit -0.0020), over 1200 customers of 3 sites',
    );
  });

  test('rejects a better mean that is too uncertain', () => {
    const reports = ['a', 'b', 'c'].map((name) => site(name, 400, 0.001, 0.02));
    expect(decide(reports, rules)).toMatchObject({ outcome: 'rejected', difference: { mean: 0.001 } });
  });

  test('does not count reports without customers', () => {
    const verdict = decide([site('a', 10, 0.1, 0), site('b', 10, 0.1, 0), site('c', 0, 0, 0)], rules);
    expect(verdict).toMatchObject({ outcome: 'rejected' });
    expect(verdict.reason).toContain('2 of the 3 evaluation reports');
  });

  test('has no figures when nobody reported', () => {
    expect(decide([], rules).difference).toBeNull();
  });
});
