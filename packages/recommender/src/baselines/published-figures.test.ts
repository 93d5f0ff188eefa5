import { expect, test } from 'vitest';
import { modalities } from '../config/recommender-config.ts';
import { evaluate } from '../scoring/evaluate.ts';
import { hitRate, mean, ndcg } from '../scoring/metrics.ts';
import type { Ranker } from '../scoring/ranker.ts';
import { rankOfTarget } from '../scoring/ranks.ts';
import { prepareStudy } from '../study/study.ts';
import { amazonScientific, sequencesOf } from '../testing/real-sequences.ts';
import { tinyConfig, tinyFeatures } from '../testing/tiny-study.ts';
import { openBaselines } from './baselines.ts';
import { coOccurrence, coOccurrenceScores } from './co-occurrence.ts';
import { popularity } from './popularity.ts';

const { folder, isMissing, read } = amazonScientific;

function figures(ranks: readonly number[]): [hits: number, gain: number] {
  const whole = Int32Array.from(ranks);
  return [mean(hitRate(whole, 10)), mean(ndcg(whole, 10))];
}

test.skipIf(isMissing)(
  `popularity and co-occurrence rank Amazon Scientific as an independent script did (needs ${folder})`,
  async () => {
    const { sequences, items } = await read();
    const rows = sequences.customers.map((_, at) =>
      sequences.items.subarray(sequences.offsets[at], sequences.offsets[at + 1]),
    );
    const cases = rows.map((row) => ({ history: row.subarray(0, -1), target: row.at(-1) as number }));
    const train = sequencesOf(rows.map((row) => [...row.subarray(0, -2)]));
    expect([cases.length, items, train.items.length + 2 * cases.length]).toEqual([2928, 1585, 19_712]);

    const counts = popularity(train, items);
    const against = cases.map(({ history, target }) => rankOfTarget(counts, history, target));
    // The script splits ties evenly, .0482 and .0232; a site counts them against the model.
    const split = cases.map(({ history, target }, at) => {
      const open = counts.filter((count, item) => count === counts[target] && !history.includes(item));
      return (against[at] ?? 0) - (open.length - 1) / 2;
    });
    const even = split.map((rank) => (rank <= 10 ? 1 / Math.log2(rank + 1) : 0));
    expect(split.filter((rank) => rank <= 10).length / cases.length).toBeCloseTo(0.0482, 4);
    expect(mean(Float64Array.from(even))).toBeCloseTo(0.0232, 4);
    const [hits, gain] = figures(against);
    expect(hits).toBeCloseTo(0.0478, 4);
    expect(gain).toBeCloseTo(0.023, 4);

    const pairs = coOccurrence(train, items);
    const followed = cases.map(({ history, target }) => {
      // What never followed the history is left to popularity.
      const scores = coOccurrenceScores(pairs, history).map((score, item) => score + 1e-6 * (counts[item] ?? 0));
      return rankOfTarget(scores, history, target);
    });
    const [followedHits, followedGain] = figures(followed);
    // .1462 and .1007 by the script, whose weights are not stated: ours come to .1448 and .0964.
    expect(Math.abs(followedHits - 0.1462)).toBeLessThan(0.006);
    expect(Math.abs(followedGain - 0.1007)).toBeLessThan(0.006);
  },
);

test.skipIf(isMissing)(
  `co-occurrence at its best on validation is well above the plain one (needs ${folder})`,
  async () => {
    const { sequences, items } = await read();
    // Only what was bought counts here.
    const features = tinyFeatures(tinyConfig, items);
    for (const modality of modalities) features[modality].present.fill(0);
    const study = prepareStudy({ config: tinyConfig, features, sequences, seed: 1 });
    const opened = await openBaselines(study, { chosenOn: 'early-stopping' });
    const { cutoffs } = await evaluate(study, opened.rankers[1] as Ranker, { on: 'test', history: 'masked' });
    await opened.close();
    // .1448 and .0964 with pairs forwards only, within three purchases.
    expect(cutoffs[0]?.hitRate).toBeGreaterThan(0.15);
    expect(cutoffs[0]?.ndcg).toBeGreaterThan(0.1);
  },
);
