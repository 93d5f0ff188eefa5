import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  contentHash,
  privatelyTrainable,
  surveyLength,
  type PlanPrivacy,
  type PlanSurvey,
  type RoundPlan,
} from '@noren/protocol';
import { releaseFile, surveyTemplate, type SurveyReport } from '@noren/recommender';
import { federatedVector, readSafetensors, writeSafetensors } from '@noren/tensor/safetensors';
import { beforeAll, describe, expect, test } from 'vitest';
import { examplePlan, examplePrivacy } from '../testing/plans.ts';
import { candidateOf, openShop, type Shop } from '../testing/shop.ts';
import { MARKERS, tinyBackbone, writeSiteData, type TinyBackbone } from '../testing/site-data.ts';
import { readModel } from './model-file.ts';
import type { Trainer } from './trainer.ts';

let tiny: TinyBackbone;
beforeAll(async () => {
  tiny = await tinyBackbone();
});

const shop = (change: Partial<RoundPlan> = {}): Shop => openShop(tiny, change);

/** A float32 matrix in NumPy's format, version 1. */
function npyOfZeros(rows: number, dimension: number): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${dimension})}`;
  const start = Uint8Array.of(0x93, ...Buffer.from('NUMPY'), 1, 0, header.length, 0);
  return Buffer.concat([start, Buffer.from(header), Buffer.alloc(rows * dimension * 4)]);
}

test('a shop is read and prepared', async () => {
  const { trainer, job } = shop();
  expect(await trainer.inspect(job)).toEqual({ customers: 48, items: 24, interactions: expect.any(Number) });
  await trainer.prepare(job);
  const missing = { ...job, backbone: join(job.base, 'none') };
  await expect(trainer.prepare(missing)).rejects.toMatchObject({ code: 'training-failed' });
});

test('features of another encoder than the backbone expects are refused, and only the fault leaves the site', async () => {
  const { trainer, job } = shop();
  const image = { kind: 'precomputed', file: 'geheim.npy', encoder: 'geheim' } as const;
  writeFileSync(join(job.base, image.file), npyOfZeros(24, 3));
  const other = { ...job, source: { ...job.source, features: { image } } };
  await expect(trainer.prepare(other)).rejects.toMatchObject({
    code: 'data-unusable',
    message: "the site's data cannot be used: encoder-mismatch",
  });
});

test('a changed file of features is read again', async () => {
  const { trainer, job } = shop();
  const image = { kind: 'precomputed', file: 'features.npy', encoder: 'CLIP' } as const;
  const other = { ...job, source: { ...job.source, features: { image } } };
  writeFileSync(join(job.base, image.file), npyOfZeros(24, 3));
  expect(await trainer.inspect(other)).toMatchObject({ items: 24 });
  writeFileSync(join(job.base, image.file), npyOfZeros(23, 3));
  await expect(trainer.inspect(other)).rejects.toMatchObject({ code: 'data-unusable' });
});

describe('re-learning', () => {
  test('gives the change of the federated groups, and the same one again', async () => {
    const { trainer, job } = shop();
    const fractions: number[] = [];
    const { update, examples } = await trainer.relearn(job, { onProgress: (fraction) => fractions.push(fraction) });
    expect(update).toHaveLength(tiny.vectorLength);
    expect(update.some((value) => value !== 0)).toBe(true);
    expect(update.every(Number.isFinite)).toBe(true);
    expect(examples).toBeGreaterThan(48);
    expect(fractions.at(-1)).toBe(1);
    const again = shop();
    expect((await again.trainer.relearn(again.job)).update).toEqual(update);
  });

  test('another round trains in another order', async () => {
    const [first, second] = [shop(), shop({ round: 2 })];
    const { update } = await first.trainer.relearn(first.job);
    expect((await second.trainer.relearn(second.job)).update).not.toEqual(update);
  });

  test('local groups stay here and are where the next round starts', async () => {
    const { trainer, job } = shop();
    await trainer.relearn(job);
    const file = join(job.cache, 'local-groups', `${job.plan.backbone}.safetensors`);
    const values = (await readModel(file)).valuesFor([]);
    expect([...values.keys()]).toEqual(['sequence.position/embedding']);
    expect(values.get('sequence.position/embedding')).not.toEqual(
      tiny.backbone.tensors.get('sequence.position/embedding')?.data,
    );
    const fresh = shop();
    const { update } = await trainer.relearn(job);
    expect((await fresh.trainer.relearn(fresh.job)).update).not.toEqual(update);
  });

  test('a stopped training ends as stopped', async () => {
    const { trainer, job } = shop({
      training: { ...examplePlan().training, epochs: 1000, batchSize: 8 },
    });
    const stopping = new AbortController();
    const task = trainer.relearn(job, { signal: stopping.signal, onProgress: () => stopping.abort() });
    await expect(task).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('a survey', () => {
  const asking = (): Partial<RoundPlan> => {
    const { config } = tiny.backbone;
    const trained = ['item.text', 'item.norm'];
    const modalities = ['text', 'image', 'price'] as const;
    const survey: PlanSurvey = {
      version: 1,
      probes: [
        { name: 'set.some', reinit: [], trained, modalities, against: [] },
        { name: 'start.fresh', reinit: ['item.text'], trained, modalities, against: ['set.some'] },
      ],
    };
    const template = surveyTemplate(config, { like: examplePlan(), epochs: 1, survey });
    const { groups, update, training } = template;
    return { groups, update, training, survey, vectorLength: surveyLength({ groups, survey }) };
  };

  test('measures in [-1, 1], beginning with the weight, and the same again', async () => {
    const { trainer, job } = shop(asking());
    const { update, examples } = await trainer.survey(job);
    expect(update).toHaveLength(job.plan.vectorLength);
    expect(update.every((value) => Math.abs(value) <= 1)).toBe(true);
    expect(update[0]).toBe(Math.fround(Math.min(1, examples / job.plan.update.maximumWeight)));
    for (let at = 1; at < update.length; at += 2) {
      expect(update[at + 1]).toBeCloseTo((update[at] ?? Number.NaN) ** 2, 5);
    }
    const again = shop(asking());
    expect((await again.trainer.survey(again.job)).update).toEqual(update);
  });

  test('reports to the site alone, with intervals and without naming anybody', async () => {
    const { trainer, job } = shop(asking());
    const { report } = await trainer.survey(job);
    const { measures, gradients, customers } = JSON.parse(report) as SurveyReport;
    expect(customers).toBeGreaterThan(0);
    expect(Object.keys(gradients)).toEqual(expect.arrayContaining(['item.text', 'item.norm']));
    const gain = measures['gain.start.fresh/set.some'];
    expect(gain?.low).toBeLessThanOrEqual(gain?.mean ?? Number.NaN);
    expect(gain?.mean).toBeLessThanOrEqual(gain?.high ?? Number.NaN);
    const shares = ['text', 'image', 'price'].map((modality) => measures[`shapley.${modality}`]?.mean ?? Number.NaN);
    const all = measures['subset.text+image+price']?.mean ?? 0;
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(all - (measures['subset.none']?.mean ?? 0), 10);
    for (const marker of MARKERS) expect(report).not.toContain(marker);
  });
});

describe('evaluating a candidate', () => {
  test('compares the strategies on held-out purchases and names a model to serve', async () => {
    const place = shop();
    const { update } = await place.trainer.relearn(place.job);
    const evaluation = await place.trainer.evaluate(candidateOf(tiny, place, update));
    expect(evaluation.scores.map(({ strategy }) => strategy)).toEqual([
      'scratch',
      'backbone',
      'local',
      'federated',
      ...(evaluation.chosen === 'blend' ? ['blend'] : []),
    ]);
    for (const { ndcg, hr } of evaluation.scores) {
      for (const { low, mean, high } of [ndcg, hr]) {
        expect(0 <= low && low <= mean && mean <= high && high <= 1).toBe(true);
      }
    }
    // Enough for the gate to judge at all.
    expect(evaluation.customers).toBeGreaterThanOrEqual(20);
    expect(evaluation.customers).toBeLessThan(48);
    expect(evaluation.explanation).toMatch(/customers/);
    expect(evaluation.accepted?.strategy).toBe(evaluation.chosen);
    expect(evaluation.rejected?.strategy).not.toBe('federated');
  });

  test('a candidate equal to the release differs from it by nothing', async () => {
    const place = shop();
    const job = candidateOf(tiny, place, new Float32Array(tiny.vectorLength));
    expect((await place.trainer.evaluate(job)).difference).toEqual({ mean: 0, standardError: 0 });
  });

  test('a ruined candidate is not adopted', async () => {
    const place = shop({ personalisation: null, references: { epochs: 12 } });
    // The release taken back to zero: every item looks the same.
    const ruin = federatedVector(readSafetensors(tiny.release(place.job.plan.backbone))).map((value) => -value);
    const evaluation = await place.trainer.evaluate(candidateOf(tiny, place, ruin));
    expect(evaluation).toMatchObject({ adopted: false, difference: { mean: expect.any(Number) } });
    expect(evaluation.difference.mean).toBeLessThan(0);
    expect(evaluation.accepted?.strategy).not.toBe('federated');
  });

  test('references are trained once for a state of the data', async () => {
    const place = shop();
    const reports: number[] = [];
    await place.trainer.trainReferences(place.job, { onProgress: (fraction) => reports.push(fraction) });
    expect(reports.length).toBeGreaterThan(0);
    reports.length = 0;
    await place.trainer.trainReferences(place.job, { onProgress: (fraction) => reports.push(fraction) });
    expect(reports).toEqual([]);
    const kept = readdirSync(join(place.job.cache, 'references'));
    writeSiteData(place.folder, { seed: 2 });
    await place.trainer.trainReferences(place.job, { onProgress: (fraction) => reports.push(fraction) });
    expect(reports.length).toBeGreaterThan(0);
    const now = readdirSync(join(place.job.cache, 'references'));
    expect(now).toHaveLength(1);
    expect(now).not.toEqual(kept);
  });
});

describe('recommendations', () => {
  test('come from what sells most until a model is in service', async () => {
    const { trainer, job } = shop();
    const { source, items } = await trainer.recommend({
      ...job,
      serving: null,
      history: ['geheimartikel-0'],
      count: 3,
    });
    expect(source).toBe('popularity');
    expect(items).toHaveLength(3);
    expect(items.map(({ item }) => item)).not.toContain('geheimartikel-0');
    expect(items.map(({ score }) => score)).toEqual(items.map(({ score }) => score).toSorted((a, b) => b - a));
  });

  test('come from the model in service, and from its successor once that is there', async () => {
    const place = shop();
    const evaluation = await place.trainer.evaluate(candidateOf(tiny, place, new Float32Array(tiny.vectorLength)));
    const model = join(place.folder, 'serving.safetensors');
    const ask = (version: string): ReturnType<Trainer['recommend']> =>
      place.trainer.recommend({
        ...place.job,
        serving: { strategy: 'local', model, version, backbone: place.job.backbone },
        history: ['unknown', 'geheimartikel-1'],
        count: 5,
      });
    const serve = (file: Uint8Array | undefined): string => {
      writeFileSync(model, file ?? '');
      return contentHash(file ?? new Uint8Array());
    };
    const first = await ask(serve(evaluation.rejected?.file));
    expect(first.source).toBe(evaluation.rejected?.strategy);
    expect(first.items).toHaveLength(5);
    const next = await place.trainer.evaluate({
      ...candidateOf(tiny, place, new Float32Array(tiny.vectorLength).fill(0.3)),
      plan: { ...place.job.plan, seed: 99, references: { epochs: 1 } },
    });
    const second = await ask(serve(next.rejected?.file));
    expect(second.items).not.toEqual(first.items);
  });

  test('a history of unknown items only is answered by what sells most', async () => {
    const { trainer, job } = shop();
    const serving = { strategy: 'local', model: 'none', version: 'v', backbone: 'none' } as const;
    expect(await trainer.recommend({ ...job, serving, history: ['?'], count: 1 })).toMatchObject({
      source: 'popularity',
    });
  });
});

test('data that cannot be used is refused without quoting it', async () => {
  const { trainer, folder, job } = shop();
  writeFileSync(join(folder, 'catalogue.csv'), 'item,title,price\ngeheimartikel-1,geheimtext rice,-5\n');
  const failure = await trainer.inspect(job).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'data-unusable', message: expect.stringMatching(/price-invalid/) });
  for (const marker of MARKERS) expect((failure as Error).message).not.toContain(marker);
});

describe('a private round', () => {
  /** Sequence groups and the item norm shared, everything else frozen. */
  function privateShop(change: Partial<PlanPrivacy> = {}): Shop {
    const scope = (name: string): 'federated' | 'frozen' => (privatelyTrainable(name) ? 'federated' : 'frozen');
    const groups = Object.fromEntries(
      tiny.backbone.groups.map((name) => [name, { start: 'pretrained', scope: scope(name) } as const]),
    );
    const values = new Map([...tiny.backbone.tensors].map(([name, { data }]) => [name, data]));
    const hash = contentHash(tiny.file);
    const release = writeSafetensors(releaseFile(tiny.backbone, values, groups, hash));
    const privacy = { ...examplePrivacy, samplingRate: 1, clipNorm: 0.1, ...change };
    const vectorLength = federatedVector(readSafetensors(release)).length;
    const place = shop({ groups, vectorLength, release: contentHash(release), privacy });
    writeFileSync(place.job.release, release);
    return place;
  }

  const norm = (vector: Float32Array): number => Math.hypot(...vector);

  test('gives one sum of clipped gradients downhill, which no more than its customers can have made', async () => {
    const { trainer, job } = privateShop();
    const { update, examples } = await trainer.relearn(job);
    expect(update).toHaveLength(job.plan.vectorLength);
    expect(examples).toBe(1);
    expect(norm(update)).toBeGreaterThan(0);
    expect(norm(update)).toBeLessThanOrEqual(48 * 0.1);
  });

  test('says how many gradients were short enough only where the clip norm adapts to it', async () => {
    const clipping = { quantile: 0.5, learningRate: 0.2, countNoise: 5, minimum: 1e-9, maximum: 1e3 };
    const counted = async (clipNorm: number): Promise<number | undefined> => {
      const { trainer, job } = privateShop({ clipNorm, clipping: { ...clipping, kind: 'adaptive' } });
      return (await trainer.relearn(job)).unclipped;
    };
    // Of 48 customers all, and none: half of them more and less than half.
    expect(await counted(1e3)).toBe(24);
    expect(await counted(1e-9)).toBe(-24);
    const { trainer, job } = privateShop();
    expect(await trainer.relearn(job)).not.toHaveProperty('unclipped');
  });

  test('in a tree only those whose turn it is count, and all have had theirs when a period is over', async () => {
    const clipping = {
      kind: 'adaptive',
      quantile: 0.5,
      learningRate: 1,
      countNoise: 9,
      minimum: 1,
      maximum: 1e9,
    } as const;
    const counted = async (leaf: number): Promise<number> => {
      const mechanism = { kind: 'tree', rounds: 4, sites: 5, place: { tree: 'ab'.repeat(16), leaf } } as const;
      // No plan has both; with a norm that nobody reaches the count is half of who is in the round.
      const { trainer, job } = privateShop({ mode: 'central', samplingRate: 0.25, mechanism, clipNorm: 1e6, clipping });
      return 2 * ((await trainer.relearn(job)).unclipped ?? Number.NaN);
    };
    const counts = [await counted(1), await counted(2), await counted(3), await counted(4)];
    expect(Math.max(...counts)).toBeLessThan(48);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(48);
  });

  test('customers count where they are at home, and nowhere else', async () => {
    const salt = 'ab'.repeat(32);
    const [here, elsewhere] = [['aoyama'], ['harbour']].map((sites) => privateShop({ homes: { salt, sites } }));
    expect(norm((await here?.trainer.relearn(here.job))?.update ?? new Float32Array())).toBeGreaterThan(0);
    expect(norm((await elsewhere?.trainer.relearn(elsewhere.job))?.update ?? new Float32Array(1).fill(1))).toBe(0);
  });

  test('noise is drawn exactly, and another time other noise', async () => {
    const { trainer } = privateShop();
    const job = { length: 4000, standardDeviation: 1000 };
    const [first, second] = [await trainer.drawNoise(job), await trainer.drawNoise(job)];
    const variance = first.reduce((sum, value) => sum + value ** 2, 0) / first.length;
    // Of fresh randomness: ten standard deviations of a chi-square with 4000 degrees of freedom.
    expect(Math.abs(variance / 1000 ** 2 - 1)).toBeLessThan(10 * Math.sqrt(2 / 4000));
    expect(first).not.toEqual(second);
  });
});
