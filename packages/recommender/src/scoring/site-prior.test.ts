import type { Sequences } from '@noren/dataset';
import { expect, test } from 'vitest';
import { coOccurrence } from '../baselines/co-occurrence.ts';
import { prepareStudy, type Study } from '../study/study.ts';
import { amazonScientific, sequencesOf, unitedKingdom } from '../testing/real-sequences.ts';
import { tinyConfig, tinyFeatures } from '../testing/tiny-study.ts';
import { forEachHeldOut } from './held-out.ts';
import { mean, ndcg } from './metrics.ts';
import type { HistoryRule, Scores } from './ranker.ts';
import { rankOfTarget } from './ranks.ts';
import { sitePrior, withPrior, type SitePrior } from './site-prior.ts';

/** Two customers who bought 0, 1, 2 and one who bought 0, 1. Item 3 was never bought. */
const sequences: Sequences = {
  customers: ['a', 'b', 'c'],
  offsets: Int32Array.of(0, 3, 6, 8),
  items: Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1),
  times: new Float64Array(8),
};
const prior = sitePrior(sequences, 4);

test('what followed the history gains, and most of all what followed it at once', () => {
  const flat = new Float32Array(4);
  const [, second, third, never] = withPrior(flat, Int32Array.of(0), { prior, weight: 1 });
  expect(second).toBeGreaterThan(third as number);
  expect(third).toBeGreaterThan(never as number);
});

test('network and counts are both distributions over the items that are ranked', () => {
  const scores = Float32Array.of(5, 1, 0, -1);
  const sum = (history: Int32Array, weight: number, rule: HistoryRule): number =>
    Array.from(withPrior(scores, history, { prior, weight, rule })).reduce((total, score) => total + score, 0);
  // The neighbours of 0 and 1 are mostly each other: what they count goes to the items that are open.
  const history = Int32Array.of(0, 1);
  for (const rule of ['masked', 'ranked'] as const) {
    expect(sum(history, 1e-12, rule)).toBeCloseTo(1, 9);
    expect(sum(history, 0.5, rule)).toBeCloseTo(1.5, 9);
  }
  const masked = withPrior(scores, history, { prior, weight: 0.5 });
  expect([masked[0], masked[1]]).toEqual([0, 0]);
  expect(withPrior(scores, history, { prior, weight: 0.5, rule: 'ranked' })[0]).toBeGreaterThan(0.5);
});

test('near a history that says little, popularity decides', () => {
  const [first, second, , never] = withPrior(new Float32Array(5), Int32Array.of(4), {
    prior: sitePrior(sequences, 5),
    weight: 1,
  });
  expect(first).toBeCloseTo(1 / 4 + 3 / 8, 9);
  expect(second).toBeCloseTo(1 / 4 + 3 / 8, 9);
  expect(never).toBeCloseTo(1 / 4, 9);
});

test('what everyone buys says less about the next purchase than its count does', () => {
  // 0 was bought by everyone, mostly before 1; 2 was bought by few, always before 3.
  const rows = [...Array.from({ length: 9 }, () => [0, 1]), [2, 3], [2, 3]];
  const popular = sitePrior(sequencesOf(rows), 4);
  const after = (history: number[]): Scores =>
    withPrior(new Float32Array(4), Int32Array.from(history), { prior: popular, weight: 1 });
  const [, followsPopular, , followsRare] = after([0, 2]);
  expect(followsRare).toBeGreaterThan((followsPopular as number) / 2);
});

test('with weight 0 the scores are the network’s own', () => {
  const scores = Float32Array.of(3, 1, 2, 0);
  expect(withPrior(scores, Int32Array.of(0), { prior, weight: 0 })).toBe(scores);
});

test('scores far apart do not overflow, and a broken one does not look like a probability', () => {
  expect(
    [...withPrior(Float32Array.of(900, -900, 0, 0), Int32Array.of(3), { prior, weight: 0.1 })].every(Number.isFinite),
  ).toBe(true);
  expect(
    [...withPrior(Float32Array.of(Number.NaN, 1, 1, 1), Int32Array.of(3), { prior, weight: 0.1 })].some(Number.isNaN),
  ).toBe(true);
});

/** NDCG without cut-off of the counts alone, on validation items. */
async function counted(study: Study, prior: SitePrior): Promise<number> {
  const flat = new Float32Array(study.features.items);
  const ranker = {
    name: 'counts',
    batch: 64,
    scores: (histories: readonly Int32Array[]) =>
      Promise.resolve(histories.map((history) => withPrior(flat, history, { prior, weight: 1 }))),
  };
  const ranks: number[] = [];
  await forEachHeldOut(study, { ranker, on: 'validation', history: 'masked' }, ({ history, target, scores }) => {
    ranks.push(rankOfTarget(scores, history, target));
  });
  return mean(ndcg(Int32Array.from(ranks)));
}

for (const { name, purchases } of [
  { name: 'UCI Online Retail', purchases: unitedKingdom },
  { name: 'Amazon Scientific', purchases: amazonScientific },
])
  test.skipIf(purchases.isMissing)(
    `of ${name}, what is bought near tells more than what follows within three purchases (needs ${purchases.folder})`,
    async () => {
      const { sequences, items } = await purchases.read();
      const features = tinyFeatures(tinyConfig, items);
      const study = prepareStudy({ config: tinyConfig, features, sequences, seed: 1 });
      const plain = { ...study.prior, pairs: coOccurrence(study.split.trainSequences, items) };
      const before = await counted(study, plain);
      expect(before).toBeGreaterThan(0.2);
      // .2929 and .3073 of UCI, .2049 and .2196 of Amazon.
      expect(await counted(study, study.prior)).toBeGreaterThan(before + 0.012);
    },
    300_000,
  );
