import { afterAll, beforeAll, expect, test } from 'vitest';
import { modalities } from '../config/recommender-config.ts';
import { freshValues } from '../parameters/start-values.ts';
import { sitePrior } from '../scoring/site-prior.ts';
import { tinyConfig, tinyStudy } from '../testing/tiny-study.ts';
import { openRecommender, type Recommender } from './recommender.ts';

const { features, split } = tinyStudy();
const values = freshValues(tinyConfig, 1);
const prior = sitePrior(split.trainSequences, features.items);
let recommender: Recommender;
beforeAll(async () => {
  recommender = await openRecommender({ config: tinyConfig, features, values, modalities, prior });
});
afterAll(() => recommender.close());

test('proposals are the best items the customer does not have, best first', async () => {
  const all = await recommender.recommend(Int32Array.of(3, 8), features.items);
  expect(all).toHaveLength(features.items - 2);
  expect(all.map(({ item }) => item)).not.toContain(3);
  const scores = all.map(({ score }) => score);
  expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  const best = await recommender.recommend(Int32Array.of(3, 8), 5);
  expect(best).toEqual(all.slice(0, 5));
});

test('overlapping requests get their own answers', async () => {
  const [first, second, again] = await Promise.all(
    [[1], [2, 3, 4], [1]].map((history) => recommender.recommend(Int32Array.from(history), 3)),
  );
  expect(again).toEqual(first);
  expect(second).not.toEqual(first);
});

test('of a long history the model reads the end, and all of it is left out of the proposals', async () => {
  const network = await openRecommender({ config: tinyConfig, features, values, modalities });
  const recent = [1, 2, 3, 4, 5, 6, 7, 8];
  const propose = async (history: number[]): Promise<number[]> =>
    (await network.recommend(Int32Array.from(history), features.items)).map(({ item }) => item);
  const short = await propose(recent);
  expect(await propose([20, 21, ...recent])).toEqual(short.filter((item) => item !== 20 && item !== 21));
  await network.close();
});

test.each([[[]], [[-1]], [[4000]]])('the history %j is refused, and the next request is answered', async (history) => {
  await expect(recommender.recommend(Int32Array.from(history), 3)).rejects.toThrow(/history/);
  await expect(recommender.recommend(Int32Array.of(1), 3)).resolves.toHaveLength(3);
});
