import { expect, test } from 'vitest';
import { mean, ndcg } from '../scoring/metrics.ts';
import { evaluationCustomers, heldOut } from '../study/study.ts';
import { tinyStudy } from '../testing/tiny-study.ts';
import { chanceNdcg } from './chance-ndcg.ts';

test('chance is worth the mean gain of all places that a customer’s next item can have', () => {
  const study = tinyStudy();
  const chance = chanceNdcg(study, 'proposal');
  evaluationCustomers(study, 'proposal').forEach((customer, at) => {
    const { history } = heldOut(study, customer, 'proposal');
    const places = Int32Array.from({ length: study.features.items - new Set(history).size }, (_, rank) => rank + 1);
    expect(chance[at]).toBeCloseTo(mean(ndcg(places)), 12);
  });
  expect(chance.length).toBeGreaterThan(0);
});
