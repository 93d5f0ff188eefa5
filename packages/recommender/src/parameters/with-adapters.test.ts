import { afterAll, describe, expect, test } from 'vitest';
import { writeBackbone } from '../backbone/backbone-file.ts';
import { releaseFile } from '../backbone/release-file.ts';
import { modalities, type RecommenderConfig } from '../config/recommender-config.ts';
import { presetGroups } from '../presets/preset-plan.ts';
import { seededRandom } from '../random/seeded-random.ts';
import { openRecommender } from '../serving/recommender.ts';
import { tinyBackbone } from '../testing/tiny-backbone.ts';
import { tinyConfig, tinyStudy } from '../testing/tiny-study.ts';
import { openRelearner, type Relearner } from '../training/relearner.ts';
import { groupOf, parameterGroups } from './groups.ts';
import { backboneValues, startValues } from './start-values.ts';
import type { ModelValues } from './values.ts';
import { mergeAdapters, withAdapters } from './with-adapters.ts';

const config: RecommenderConfig = { ...tinyConfig, layers: 2 };
const adapters = { rank: 3 };
const plain = tinyBackbone(config);
const backbone = withAdapters(plain, adapters);

const relearner = openRelearner(tinyStudy(config));
const adapted = relearner.withAdapters(adapters);
afterAll(() => relearner.close());

const isAdapter = (name: string): boolean => groupOf(name).includes('.adapter.');
const start = (seed = 1): Map<string, Float32Array> => startValues(backbone, presetGroups('lora', config), seed);
const training = { modalities, epochs: 3, batchSize: 16, learningRate: 0.01, seed: 1 };

/** Scores of the whole catalogue after a few histories. */
async function scores(by: Relearner, values: ModelValues): Promise<Float64Array> {
  const histories = [Int32Array.of(1), Int32Array.of(3, 9, 22), Int32Array.of(5, 1, 7, 13, 20, 34, 2)];
  const rows = await by.ranker({ values, modalities, priorWeight: 0 }).scores(histories, 'ranked');
  return Float64Array.from(rows.flatMap((row) => [...row]));
}

/** Adapters that have learned something. */
function learned(seed: number): Map<string, Float32Array> {
  const random = seededRandom(seed, 'learned');
  const shift = (name: string) => (value: number) => value + (isAdapter(name) ? 0.3 * random.normal() : 0);
  return new Map([...start()].map(([name, data]) => [name, data.map(shift(name))]));
}

describe('at its start the model with adapters', () => {
  test('is the backbone, bit for bit', async () => {
    expect(await scores(adapted, start())).toEqual(await scores(relearner, backboneValues(plain)));
    expect(mergeAdapters(backbone.config, start())).toEqual(backboneValues(plain));
  });

  test('has a B of zeros and a random A, the same for the same seed', () => {
    for (const [name, data] of start()) {
      if (!isAdapter(name)) continue;
      expect(
        data.some((value) => value !== 0),
        name,
      ).toBe(groupOf(name).endsWith('.a'));
      expect(start().get(name), name).toEqual(data);
    }
    const a = 'sequence.block.1.adapter.a/outer';
    expect(start(2).get(a)).not.toEqual(start(1).get(a));
  });

  test('has an A that keeps the size of what goes in', () => {
    const wide = { ...tinyConfig, dimension: 128, feedForward: 32, adapterRank: 16 };
    const tensor = startValues(
      withAdapters(tinyBackbone({ ...wide, adapterRank: 0 }), { rank: 16 }),
      presetGroups('lora', wide),
      1,
    ).get('sequence.block.0.adapter.a/query');
    const squares = tensor?.reduce((sum, value) => sum + value * value, 0) ?? 0;
    expect(squares / 16).toBeCloseTo(1, 0);
  });
});

test('training moves every factor and nothing else', async () => {
  const values = start();
  const { values: after, losses } = await adapted.relearn({
    ...training,
    values,
    trainable: (group) => group.includes('.adapter.'),
  });
  for (const [name, data] of after) {
    if (isAdapter(name)) expect(data, name).not.toEqual(values.get(name));
    else expect(data, name).toEqual(values.get(name));
  }
  expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
});

test('ffa-lora leaves A at its random start', async () => {
  const groups = presetGroups('ffa-lora', config);
  const values = startValues(backbone, groups, 1);
  const { values: after } = await adapted.relearn({
    ...training,
    values,
    trainable: (group) => groups[group]?.scope !== 'frozen',
  });
  const moved = [...after].filter(([name, data]) => data.some((value, at) => value !== values.get(name)?.[at]));
  expect(new Set(moved.map(([name]) => groupOf(name)))).toEqual(
    new Set(['sequence.block.0.adapter.b', 'sequence.block.1.adapter.b']),
  );
});

describe('merged into the weights', () => {
  test.each([1, 2, 3])('the model scores as it does with its adapters (seed %i)', async (seed) => {
    const values = learned(seed);
    const merged = mergeAdapters(backbone.config, values);
    expect([...merged.keys()]).toEqual(
      parameterGroups(config).flatMap(({ tensors }) => tensors.map(({ name }) => name)),
    );
    const [expected, found] = [await scores(adapted, values), await scores(relearner, merged)];
    expect(expected).not.toEqual(await scores(relearner, backboneValues(plain)));
    const cosines = (of: Float64Array): Float64Array => of.map((score) => score * config.temperature);
    const off = cosines(found).map((cosine, at) => Math.abs(cosine - (cosines(expected)[at] ?? Number.NaN)));
    expect(Math.max(...off)).toBeLessThan(1e-5);
  });

  test('it is served as any other', async () => {
    const { features } = relearner.study;
    const open = (values: ModelValues, of: RecommenderConfig): ReturnType<typeof openRecommender> =>
      openRecommender({ config: of, features, values, modalities });
    const proposed = async (values: ModelValues, of: RecommenderConfig): Promise<number[]> => {
      const recommender = await open(values, of);
      const items = await recommender.recommend(Int32Array.of(1, 7), 5);
      await recommender.close();
      return items.map(({ item }) => item);
    };
    const values = learned(4);
    expect(await proposed(mergeAdapters(backbone.config, values), config)).toEqual(
      await proposed(values, backbone.config),
    );
  });

  test('a product of known numbers is added to the weights', () => {
    const values = start();
    const query = 'sequence.block.0.attention/query.weight';
    const zeros = new Map([...values].map(([name, data]) => [name, isAdapter(name) ? data.map(() => 0) : data]));
    // A has a 2 at row 3, factor 1; B a 5 at factor 1, column 6: A B has a 10 at row 3, column 6.
    const a = new Float32Array(8 * 3);
    a[3 * 3 + 1] = 2;
    const b = new Float32Array(3 * 8);
    b[8 + 6] = 5;
    zeros.set('sequence.block.0.adapter.a/query', a).set('sequence.block.0.adapter.b/query', b);
    const expected = plain.tensors.get(query)?.data.slice() ?? new Float32Array();
    expected[3 * 8 + 6] = (expected[3 * 8 + 6] ?? 0) + 10;
    expect(mergeAdapters(backbone.config, zeros).get(query)).toEqual(expected);
  });

  test('values of another rank are refused', () => {
    const other = startValues(withAdapters(plain, { rank: 2 }), presetGroups('lora', config), 1);
    expect(() => mergeAdapters(backbone.config, other)).toThrow(/has 16 values instead of 24/);
  });
});

test('a release holds the shared factors and nothing else', () => {
  const names = (preset: 'lora' | 'ffa-lora' | 'fedsa-lora'): Set<string> => {
    const groups = presetGroups(preset, config);
    const file = releaseFile(backbone, startValues(backbone, groups, 1), groups, 'ab'.repeat(32));
    return new Set([...file.tensors.keys()].map((name) => groupOf(name).slice('sequence.block.0.'.length)));
  };
  expect(names('lora')).toEqual(new Set(['adapter.a', 'adapter.b']));
  expect(names('ffa-lora')).toEqual(new Set(['adapter.b']));
  expect(names('fedsa-lora')).toEqual(new Set(['adapter.a']));
});

test('a plan without adapters leaves backbone and relearner as they are', () => {
  expect(withAdapters(plain, null)).toBe(plain);
  expect(relearner.withAdapters(null)).toBe(relearner);
  expect(relearner.withAdapters(adapters)).toBe(adapted);
});

test('what was opened for adapters is closed with the rest', async () => {
  const whole = openRelearner(tinyStudy(config));
  const part = whole.withAdapters(adapters);
  await whole.close();
  await expect(part.relearn({ ...training, values: start(), trainable: () => true })).rejects.toThrow(/closed/);
  expect(() => whole.withAdapters(adapters)).toThrow(/closed/);
});

test('a backbone file holds none', () => {
  expect(() => writeBackbone(backbone)).toThrow(/holds adapters/);
});

test('a rank beyond the matrices is refused with the largest', () => {
  expect(() => withAdapters(plain, { rank: 9 })).toThrow(/which is 8 by 8.*at most 8/);
});
