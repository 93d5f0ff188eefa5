import { afterAll, expect, test } from 'vitest';
import { writeBackbone } from '../backbone/backbone-file.ts';
import { releaseFile } from '../backbone/release-file.ts';
import { modalities } from '../config/recommender-config.ts';
import { presetGroups } from '../presets/preset-plan.ts';
import { presetNames } from '../presets/presets.ts';
import { relearnPrivately } from '../private-training/relearn-privately.ts';
import { openRecommender } from '../serving/recommender.ts';
import { prepareStudy } from '../study/study.ts';
import { seededBytes } from '../testing/seeded-bytes.ts';
import { tinyBackbone } from '../testing/tiny-backbone.ts';
import { tinyConfig, tinyFeatures, tinySequences, tinyStudy } from '../testing/tiny-study.ts';
import { openRelearner } from '../training/relearner.ts';
import { backboneValues, freshValues, startValues } from './start-values.ts';
import { withIdentity } from './with-identity.ts';

const ITEMS = 40;
const inductive = tinyBackbone();
const backbone = withIdentity(inductive, ITEMS);
const { config } = backbone;
const table = 'item.identity/embedding';

const study = tinyStudy(config);
const relearner = openRelearner(study);
afterAll(() => relearner.close());
const training = { modalities, epochs: 2, batchSize: 16, learningRate: 0.01, seed: 1 };

test('at its start the model with vectors of its own is the backbone', async () => {
  const plain = openRelearner(tinyStudy());
  const expected = await plain.score({ values: backboneValues(inductive), modalities, on: 'test' });
  await plain.close();
  const found = await relearner.score({ values: backboneValues(backbone), modalities, on: 'test' });
  expect(found.ranks).toEqual(expected.ranks);
});

test('of no items it is the backbone itself', () => {
  expect(withIdentity(inductive, 0)).toEqual(inductive);
});

test('items that were bought learn a vector, the others stay what describes them', async () => {
  const values = backboneValues(backbone);
  const rare = tinyStudy(config, { customers: 5 });
  const learned = openRelearner(rare);
  const after = (await learned.relearn({ ...training, values, trainable: () => true })).values.get(table);
  await learned.close();
  const rows = Array.from({ length: ITEMS }, (_, item) => after?.subarray(item * 8, item * 8 + 8) ?? []);
  const moved = rows.map((row) => row.some((value) => value !== 0));
  expect(moved).toEqual(Array.from(rare.prior.shares, (share) => share > 0));
  expect(moved).toContain(false);
});

test('they learn on the backbone’s frozen groups too', async () => {
  const values = backboneValues(backbone);
  const before = await relearner.score({ values, modalities, on: 'validation' });
  const { values: learned } = await relearner.relearn({
    ...training,
    epochs: 15,
    values,
    trainable: (group) => group === 'item.identity',
  });
  const after = await relearner.score({ values: learned, modalities, on: 'validation' });
  const mean = (of: Float64Array): number => of.reduce((sum, value) => sum + value, 0) / of.length;
  expect(mean(after.ndcg)).toBeGreaterThan(mean(before.ndcg) + 0.02);
});

test.each(presetNames)('%s leaves them at the site, where they begin at zero', (name) => {
  expect(presetGroups(name, config)['item.identity']).toEqual({ start: 'pretrained', scope: 'local' });
});

test('a plan that shares them is refused before anything leaves', () => {
  const groups = {
    ...presetGroups('fine-tune', config),
    'item.identity': { start: 'pretrained', scope: 'federated' },
  } as const;
  const values = startValues(backbone, groups, 1);
  expect(() => releaseFile(backbone, values, groups, 'ab'.repeat(32))).toThrow(/item\.identity belongs to one site/);
});

test('a backbone file holds none', () => {
  expect(() => writeBackbone(backbone)).toThrow(/vectors of single items/);
});

test('a table for another number of items is refused', () => {
  const features = tinyFeatures(tinyConfig, ITEMS + 1);
  const sequences = tinySequences(20, ITEMS);
  expect(() => prepareStudy({ config, features, sequences, seed: 1 })).toThrow(/40 items, the catalogue has 41/);
});

test('fresh vectors are small and not zero, so that a model of nothing else can learn', () => {
  const fresh = freshValues(config, 1).get(table) ?? new Float32Array();
  const deviation = Math.sqrt(fresh.reduce((sum, value) => sum + value * value, 0) / fresh.length);
  expect(deviation).toBeCloseTo(0.02, 2);
});

test('private re-learning refuses a model that holds what it learned without privacy', async () => {
  const options = {
    values: backboneValues(backbone),
    trainable: (group: string) => group.startsWith('sequence.'),
    modalities,
    steps: 1,
    samplingRate: 0.5,
    clipNorm: 1,
    noiseMultiplier: 1,
    expectedCustomers: 10,
    learningRate: 0.1,
    random: seededBytes(1),
    addNoise: () => undefined,
  };
  await expect(relearnPrivately(study, options)).rejects.toThrow(/vectors of single items/);
});

test('in service an item that nobody had bought is what describes it, whatever its vector', async () => {
  const values = freshValues(config, 1);
  const bought = Uint8Array.from({ length: ITEMS }, (_, item) => (item < 20 ? 1 : 0));
  const loud = new Map(values).set(
    table,
    (values.get(table) ?? new Float32Array()).map((value, at) => (at < 20 * 8 ? value : 100)),
  );
  const history = Int32Array.of(1, 25);
  const answer = async (of: Map<string, Float32Array>): Promise<unknown> => {
    const recommender = await openRecommender({ config, features: study.features, values: of, modalities, bought });
    const proposed = await recommender.recommend(history, ITEMS);
    await recommender.close();
    return proposed;
  };
  expect(await answer(loud)).toEqual(await answer(values));
});
