import { afterAll, expect, test } from 'vitest';
import { evaluate } from '../scoring/evaluate.ts';
import type { EvaluationReport } from '../scoring/evaluate.ts';
import type { Ranker } from '../scoring/ranker.ts';
import { prepareStudy } from '../study/study.ts';
import { tinyConfig, tinyFeatures, tinyStudy } from '../testing/tiny-study.ts';
import { openBaselines } from './baselines.ts';
import { contentNeighbours } from './content-neighbours.ts';
import { trainIdentityModel } from './identity-model.ts';

const study = tinyStudy(undefined, { customers: 300 });
const opened = await openBaselines(study, { chosenOn: 'validation' });
afterAll(() => opened.close());

const report = (ranker: Ranker | undefined): Promise<EvaluationReport> => {
  if (ranker === undefined) throw new Error('the baseline is missing');
  return evaluate(study, ranker, { on: 'test', history: 'masked' });
};

test('popularity, co-occurrence and the nearest items by each modality and all are compared', () => {
  expect(opened.rankers.map(({ name }) => name)).toEqual([
    'popularity',
    'co-occurrence',
    'nearest by text',
    'nearest by image',
    'nearest by price',
    'nearest by text + image + price',
  ]);
});

test('a modality that no item has is no baseline', async () => {
  const { features } = study;
  const image = { ...features.image, present: new Uint8Array(features.items) };
  const imageless = await openBaselines({ ...study, features: { ...features, image } }, { chosenOn: 'validation' });
  await imageless.close();
  const names = imageless.rankers.map(({ name }) => name);
  expect(names).not.toContain('nearest by image');
  expect(names.at(-1)).toBe('nearest by text + price');
});

test('counting pairs finds what follows what, popularity cannot; more of the same kind is what nobody buys here', async () => {
  const [popular, pairs, alike] = opened.rankers;
  const chance = (await report(popular)).ndcg;
  expect((await report(pairs)).ndcg).toBeGreaterThan(chance + 0.05);
  expect((await report(alike)).ndcg).toBeLessThan(chance);
});

test('settings are chosen on validation: where customers buy what others bought just before, pairs count backwards too', async () => {
  const pairsOf = Array.from({ length: 10 }, (_, kind) => [2 * kind, 2 * kind + 1] as const);
  // The first ten customers are too few purchases to be evaluated; the others take the same pairs the other way round.
  const rows = [...pairsOf, ...pairsOf.map(([before, after]) => [after, before, (after + 1) % 20])];
  const sequences = {
    customers: rows.map((_, at) => `c${at}`),
    offsets: Int32Array.from([...pairsOf.map((_, at) => 2 * at), ...pairsOf.map((_, at) => 20 + 3 * at), 50]),
    items: Int32Array.from(rows.flat()),
    times: new Float64Array(50),
  };
  const turned = prepareStudy({ config: tinyConfig, features: tinyFeatures(tinyConfig, 20), sequences, seed: 1 });
  const chosen = await openBaselines(turned, { chosenOn: 'validation' });
  const pairs = chosen.rankers.find(({ name }) => name === 'co-occurrence') as Ranker;
  const { cutoffs, settings } = await evaluate(turned, pairs, { on: 'validation', history: 'masked', cutoffs: [1] });
  await chosen.close();
  expect(cutoffs[0]?.hitRate).toBe(1);
  expect(settings['backward']).toBeGreaterThan(0);
});

test('the nearest item is the one of the same direction about the mean, nearer purchases weigh more', async () => {
  const features = tinyFeatures(tinyConfig, 4);
  const table = {
    dimension: 2,
    data: Float32Array.of(11, 10, 12, 10, 10, 11, 9, 9),
    present: Uint8Array.of(1, 1, 1, 0),
  };
  const neighbours = await contentNeighbours({ ...features, text: table }, ['text']);
  const scoresBy = async (weights: object): Promise<number[]> =>
    (await neighbours.scores([Int32Array.of(0, 2)], weights)).flatMap((row) => [...row]);
  // About the mean (11, 31/3): (0, -1/3), (1, -1/3), (-1, 2/3); the fourth has no text.
  const cosine = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, x, at) => sum + x * (b[at] ?? 0), 0) / (Math.hypot(...a) * Math.hypot(...b));
  const rows = [
    [0, -1 / 3],
    [1, -1 / 3],
    [-1, 2 / 3],
  ] as const;
  const scores = await scoresBy({ recency: 1 });
  rows.forEach((row, item) => expect(scores[item]).toBeCloseTo(cosine(rows[2], row) + cosine(rows[0], row) / 2, 5));
  expect(scores[3]).toBe(0);
  const last = await scoresBy({ window: 1 });
  await neighbours.close();
  rows.forEach((row, item) => expect(last[item]).toBeCloseTo(cosine(rows[2], row), 5));
});

test('a Transformer over item IDs learns what follows what, by the same loop, without any feature', async () => {
  const training = { epochs: 12, batchSize: 32, learningRate: 0.01, seed: 1 };
  const blind = { ...study.features };
  for (const modality of ['text', 'image', 'price'] as const) {
    blind[modality] = { ...blind[modality], data: blind[modality].data.map(() => Number.NaN) };
  }
  const model = await trainIdentityModel({ ...study, features: blind }, training);
  const { ndcg, model: name } = await report(model.ranker);
  await model.close();
  expect(name).toBe('SASRec, item IDs');
  // 40 items of 5 kinds: knowing the next kind is worth about .42, knowing nothing about .25.
  expect(ndcg).toBeGreaterThan(0.36);
  await expect(report(model.ranker)).rejects.toThrow(/closed/);
});
