import { expect, test } from 'vitest';

import { PlanError } from '../protocol-error.ts';
import { defaultTraining } from './default-training.ts';
import { privateTraining } from './private-training.ts';
import { robustAggregation } from './robust-aggregation.ts';

const usual = defaultTraining('norm', { 'item.norm': { start: 'pretrained', scope: 'federated' } });

test('a plan that compares groups asks for three of them at least', () => {
  const robust = robustAggregation(usual, { groupSize: 16, combine: 'geometric-median' });
  expect(robust.aggregation).toEqual({ profile: 'robust', groupSize: 16, combine: 'geometric-median' });
  expect(robust.cohort).toEqual({ ...usual.cohort, minimumSites: 48 });
  const larger = { ...usual, cohort: { ...usual.cohort, minimumSites: 500 } };
  expect(robustAggregation(larger, { groupSize: 16, combine: 'median' }).cohort.minimumSites).toBe(500);
});

test('groups of a size that is none, and of a private plan, are refused', () => {
  expect(() => robustAggregation(usual, { groupSize: 3, combine: 'median' })).toThrow(PlanError);
  const withNoise = privateTraining(usual, 1000);
  expect(() => robustAggregation(withNoise, { groupSize: 16, combine: 'median' })).toThrow(/private plan/);
});
