import { surveyLength, surveyMeasures, type PlanSurvey } from '@noren/protocol';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SiteSurvey } from './site-survey.ts';
import { gradientRatio, openedSurvey, surveyVector } from './survey-vector.ts';

const survey: PlanSurvey = {
  version: 1,
  probes: [
    { name: 'set.all', reinit: [], trained: ['item.text'], modalities: ['text'], against: [] },
    { name: 'start.reinit', reinit: ['item.text'], trained: ['item.text'], modalities: ['text'], against: ['set.all'] },
  ],
};
const plan = { groups: { 'item.text': {}, 'item.norm': {} }, survey };

/** Every measure the same for each of two customers. */
function siteOf(value: number, ratio = 0.1): SiteSurvey {
  const measures = surveyMeasures(plan).filter((measure) => !measure.startsWith('gradient.'));
  return {
    customers: 2,
    examples: 10,
    gradients: new Map([
      ['item.text', ratio],
      ['item.norm', ratio],
    ]),
    scores: new Map(measures.map((measure) => [measure, Float64Array.of(value - 0.01, value + 0.01)])),
  };
}

function opened(sites: readonly { survey: SiteSurvey; weight: number }[]): ReturnType<typeof openedSurvey> {
  const total = sites.reduce((sum, { weight }) => sum + weight, 0);
  const vectors = sites.map(({ survey: of, weight }) => surveyVector(plan, of, weight));
  const mean = Array.from({ length: surveyLength(plan) }, (_, at) =>
    sites.reduce((sum, { weight }, site) => sum + ((vectors[site]?.[at] ?? 0) * weight) / total, 0),
  );
  return openedSurvey(plan, mean, total);
}

test('no vector is longer than the clip norm of its layout, whatever was measured', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -0.99, max: 0.99, noNaN: true }),
      fc.double({ min: 0, noNaN: true }),
      (value, ratio) => {
        const vector = surveyVector(plan, siteOf(value, ratio), 1);
        expect(vector).toHaveLength(surveyLength(plan));
        expect(Math.hypot(...vector)).toBeLessThanOrEqual(Math.sqrt(surveyLength(plan)));
      },
    ),
  );
});

test('sites of equal weight give their mean and its standard error', () => {
  const values = [0.1, 0.3, 0.2, 0.4];
  const { sites, estimates } = opened(values.map((value) => ({ survey: siteOf(value), weight: 0.5 })));
  expect(sites).toBeCloseTo(4, 6);
  expect(estimates.get('gain.start.reinit/set.all')?.mean).toBeCloseTo(0.25, 6);
  // Sample deviation of the four over sqrt(4), by hand: sqrt(.05 / 3) / 2.
  expect(estimates.get('gain.set.all')?.standardError).toBeCloseTo(Math.sqrt(0.05 / 3) / 2, 5);
});

test('weights pull the mean and lower the number of sites that count', () => {
  const { sites, estimates } = opened([
    { survey: siteOf(0.1), weight: 1 },
    { survey: siteOf(0.4), weight: 0.5 },
  ]);
  expect(estimates.get('backbone')?.mean).toBeCloseTo(0.2, 6);
  expect(sites).toBeCloseTo(1.5 ** 2 / 1.25, 5);
});

test('one site alone says nothing of the spread', () => {
  const { estimates } = opened([{ survey: siteOf(0.1), weight: 1 }]);
  expect(estimates.get('backbone')?.standardError).toBe(Number.POSITIVE_INFINITY);
});

test.each([
  [0.1, 0.1],
  [3e-5, 3e-5],
  [1e-9, 1e-6],
  [1e5, 1e2],
  [0, 1e-6],
  [Number.POSITIVE_INFINITY, 1e2],
])('a gradient of %f times the parameters is read as %f', (ratio, read) => {
  const { estimates } = opened([{ survey: siteOf(0.1, ratio), weight: 1 }]);
  expect(gradientRatio(estimates.get('gradient.item.text')?.mean ?? 0) / read).toBeCloseTo(1, 4);
});

test('a measure that is missing or no NDCG is never summed', () => {
  const site = siteOf(0.1);
  expect(() => surveyVector(plan, { ...site, scores: new Map() }, 1)).toThrow('backbone is NaN');
  expect(() => surveyVector(plan, siteOf(1.2), 1)).toThrow('outside -1 .. 1');
});
