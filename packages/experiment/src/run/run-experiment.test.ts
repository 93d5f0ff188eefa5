import { mean } from '@noren/recommender';
import { expect, test } from 'vitest';
import { renderMarkdown } from '../report/markdown.ts';
import { summarise } from '../report/summary.ts';
import { upliftPlot } from '../report/uplift-plot.ts';
import { tinyFederation, tinyRecipe } from '../testing/tiny-federation.ts';
import { runExperiment, type Run } from './run-experiment.ts';

const federation = tinyFederation();

const result = await runExperiment({
  federation,
  recipe: tinyRecipe,
  variants: [
    {
      modalities: ['text'],
      strategies: [
        'scratch',
        'backbone',
        'local fine-tune',
        'local ant',
        'federated fine-tune',
        'federated fine-tune + personalised',
        'federated fedsa-lora',
        'centralised',
      ],
    },
  ],
  seeds: [1, 2],
  cacheFolder: 'unused',
  threads: 1,
});

function runsOf(strategy: string): readonly Run[] {
  return result.runs.filter((run) => run.strategy === strategy);
}

test('every strategy ranks the same customers’ test items, so that any two can be compared in pairs', () => {
  const [first] = result.runs;
  for (const { measured } of result.runs) {
    measured.mixed.forEach(({ customers }, site) => {
      expect(customers).toEqual(first?.measured.mixed[site]?.customers);
      expect(customers.length).toBe(result.sites[site]?.customers);
    });
  }
});

test('the baselines stand beside the strategies, the gate’s choice after them', () => {
  const names = new Set(result.runs.map(({ strategy }) => strategy));
  for (const name of ['popularity', 'co-occurrence', 'nearest by text', 'SASRec, item IDs', 'after the gate']) {
    expect(names).toContain(name);
  }
  expect(runsOf('after the gate').map(({ adopted }) => typeof adopted)).toEqual(['number', 'number']);
});

test('what a strategy trains and sends is counted', () => {
  expect(runsOf('backbone')[0]).toMatchObject({ trained: 0, bytesSent: 0 });
  const [all, items, federated] = ['scratch', 'local ant', 'federated fine-tune'].map((name) => runsOf(name)[0]);
  expect(items?.trained).toBeLessThan(all?.trained ?? 0);
  expect(federated?.bytesSent).toBe(tinyRecipe.federated.rounds * 4 * (all?.trained ?? 0));
  // Adapters of rank 4 on five matrices of a block 8 wide, 16 inside: both factors are trained, A is sent.
  const adapters = runsOf('federated fedsa-lora')[0];
  expect(adapters?.trained).toBe(2 * 4 * (4 * 8 + 16));
  expect(adapters?.bytesSent).toBe(tinyRecipe.federated.rounds * 4 * 4 * (4 * 8 + 16));
});

test('a world that texts explain is learned: the backbone ranks far better than popularity', () => {
  const quality = (strategy: string): number =>
    mean(Float64Array.from(runsOf(strategy)[0]?.measured.network.flatMap(({ ndcg }) => [...ndcg]) ?? []));
  expect(quality('backbone')).toBeGreaterThan(quality('popularity') + 0.1);
});

test('a reader gets a table and a plot of every site', () => {
  const rows = summarise(result);
  const markdown = renderMarkdown(federation, result, rows);
  expect(markdown).toMatch(/\| federated fine-tune \+ personalised \| text \|/);
  expect(markdown).toMatch(/\| local fine-tune, text \| scratch \|/);
  const plot = upliftPlot(federation.name, result, rows, 'scratch');
  for (const { name } of result.sites) expect(plot).toContain(`>${name} (`);
  expect(plot).not.toContain('NaN');
});

test('a preset with a training of its own is refused rather than run as another', async () => {
  const variants = [{ modalities: ['text'] as const, strategies: ['federated ditto'] as const }];
  const run = runExperiment({
    federation,
    recipe: tinyRecipe,
    variants,
    seeds: [1],
    cacheFolder: 'unused',
    threads: 1,
  });
  await expect(run).rejects.toThrow(/ditto has a training of its own/);
});
