import { afterAll, expect, test } from 'vitest';
import { modalities } from '../config/recommender-config.ts';
import { groupOf } from '../parameters/groups.ts';
import { freshValues } from '../parameters/start-values.ts';
import { mean } from '../scoring/metrics.ts';
import { evaluationCustomers } from '../study/study.ts';
import { tinyPlan } from '../testing/tiny-plan.ts';
import { tinyConfig, tinyStudy } from '../testing/tiny-study.ts';
import { openRelearner } from './relearner.ts';

const relearner = openRelearner(tinyStudy());
afterAll(() => relearner.close());

const start = freshValues(tinyConfig, 1);
const all = { values: start, trainable: () => true, modalities, epochs: 3, batchSize: 16, learningRate: 0.01, seed: 1 };

test('training learns which kind follows which: far better than chance', async () => {
  const { values, losses } = await relearner.relearn({ ...all, epochs: 15 });
  const network = { modalities, on: 'test', priorWeight: 0 } as const;
  const before = mean((await relearner.score({ ...network, values: start })).ndcg);
  const after = mean((await relearner.score({ ...network, values })).ndcg);
  expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
  // 40 items of 5 kinds: knowing the next kind is worth about .42, knowing nothing about .25.
  expect(before).toBeLessThan(0.3);
  expect(after).toBeGreaterThan(0.36);
});

test('frozen groups stay bit for bit what they were, the others move', async () => {
  const groups = tinyPlan('ant').groups;
  const trainable = (group: string): boolean => groups[group]?.scope !== 'frozen';
  const { values } = await relearner.relearn({ ...all, trainable });
  for (const [name, data] of values) {
    if (trainable(groupOf(name))) expect(data, name).not.toEqual(start.get(name));
    else expect(data, name).toEqual(start.get(name));
  }
});

test('a stage leaves the parameters of the other modalities alone', async () => {
  const { values } = await relearner.relearn({ ...all, modalities: ['text', 'price'] });
  const untouched = [...values].filter(([name, data]) => data.every((value, at) => value === start.get(name)?.[at]));
  const names = untouched.map(([name]) => name).toSorted();
  expect(names).toEqual(['item.image/expert.0.bias', 'item.image/expert.0.weight', 'item.scale/image']);
});

test('the same seed gives the same result whatever ran before; another seed gives another', async () => {
  const fresh = openRelearner(tinyStudy());
  const [first, again, other] = [
    await fresh.relearn(all),
    await relearner.relearn(all),
    await relearner.relearn({ ...all, seed: 2 }),
  ];
  await fresh.close();
  expect(again).toEqual(first);
  expect(other.losses).not.toEqual(first.losses);
});

test('early stopping keeps the best epoch and never does worse than the start', async () => {
  const seen: number[] = [];
  const trained = await relearner.relearn({
    ...all,
    epochs: 12,
    earlyStopping: { patience: 3 },
    onProgress: ({ validation }) => seen.push(validation ?? Number.NaN),
  });
  const on = { modalities, on: 'early-stopping' } as const;
  const kept = mean((await relearner.score({ ...on, values: trained.values })).ndcg);
  expect(kept).toBe(Math.max(...seen));
  expect(seen[trained.keptEpoch - 1]).toBe(kept);

  const spoiling = await relearner.relearn({ ...all, learningRate: 5, earlyStopping: { patience: 2 } });
  const unspoilt = mean((await relearner.score({ ...on, values: spoiling.values })).ndcg);
  expect(unspoilt).toBeGreaterThanOrEqual(mean((await relearner.score({ ...on, values: start })).ndcg));
});

test('with nobody held out for early stopping, the last epoch stays', async () => {
  const lonely = openRelearner(tinyStudy(undefined, { customers: 1 }));
  expect(evaluationCustomers(lonely.study, 'early-stopping')).toHaveLength(0);
  const trained = await lonely.relearn({ ...all, earlyStopping: { patience: 1 } });
  const plain = await lonely.relearn(all);
  expect(trained.keptEpoch).toBe(all.epochs);
  expect(trained.values).toEqual(plain.values);
  await lonely.close();
});

test('the proximal term keeps values near their start', async () => {
  const distance = async (weight: number): Promise<number> => {
    const { values } = await relearner.relearn({ ...all, proximal: { weight } });
    return [...values].reduce((sum, [name, data]) => {
      const from = start.get(name) ?? data;
      return sum + data.reduce((total, value, at) => total + (value - (from[at] ?? 0)) ** 2, 0);
    }, 0);
  };
  expect(await distance(50)).toBeLessThan(0.5 * (await distance(0)));
});

test('sampled candidates learn too', async () => {
  const { losses } = await relearner.relearn({ ...all, batchSize: 2, candidates: 8, epochs: 6 });
  expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.5);
});

test('the first epoch weighs every position once', async () => {
  const { examples } = await relearner.relearn({ ...all, epochs: 1 });
  expect(examples).toBe(relearner.study.windows.sizes.reduce((sum, size) => sum + size, 0));
});

test('an abort ends the training', async () => {
  const abort = new AbortController();
  const training = relearner.relearn({ ...all, epochs: 1000, signal: abort.signal, onProgress: () => abort.abort() });
  await expect(training).rejects.toThrow(/abort/i);
});

test('a closed relearner and unfit values are refused', async () => {
  const closed = openRelearner(tinyStudy());
  await closed.close();
  await expect(closed.relearn(all)).rejects.toThrow(/closed/);
  await expect(relearner.relearn({ ...all, values: new Map() })).rejects.toThrow(/is missing/);
  await expect(relearner.relearn({ ...all, modalities: [] })).rejects.toThrow(/modality/);
});
