import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentHash, type RoundPlan } from '@noren/protocol';
import { readSafetensors } from '@noren/tensor/safetensors';
import { beforeAll, expect, test } from 'vitest';
import { checkBackbone } from '../session/artifacts.ts';
import { candidateOf, openShop, type Shop } from '../testing/shop.ts';
import { tinyBackbone, type TinyBackbone } from '../testing/site-data.ts';
import { readModel } from './model-file.ts';

const TABLE = 'item.identity/embedding';
const DIMENSION = 8;

let tiny: TinyBackbone;
let groups: RoundPlan['groups'];
beforeAll(async () => {
  tiny = await tinyBackbone();
  groups = { ...tiny.groups, 'item.identity': { start: 'pretrained', scope: 'local' } };
});

const shop = (change: Partial<RoundPlan> = {}): Shop => openShop(tiny, { groups, ...change });

/** The catalogue with its rows turned round and one item more. */
function changeCatalogue(folder: string): string[] {
  const file = join(folder, 'catalogue.csv');
  const [header = '', ...rows] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const changed = ['geheimartikel-new,geheimtext rice new,150', ...rows.toReversed()];
  writeFileSync(file, `${[header, ...changed].join('\n')}\n`);
  return changed.map((row) => row.slice(0, row.indexOf(',')));
}

const rowOf = (table: Float32Array | undefined, place: number): number[] =>
  Array.from(table?.subarray(place * DIMENSION, (place + 1) * DIMENSION) ?? []);

test('a site accepts a backbone for a plan with vectors of single items, which no backbone has', () => {
  expect(() => checkBackbone(tiny.file, shop().job.plan)).not.toThrow();
});

test('what is sent is what is sent without them; they stay here, and go on with their items when the catalogue changes', async () => {
  const { trainer, folder, job } = shop();
  const { update } = await trainer.relearn(job);
  expect(update).toHaveLength(tiny.vectorLength);
  const file = join(job.cache, 'local-groups', `${job.plan.backbone}.safetensors`);
  const stored = await readModel(file);
  const before = Array.from({ length: 24 }, (_, at) => ({ id: `geheimartikel-${at}` }));
  const learned = stored.valuesFor(before).get(TABLE);
  expect(learned?.some((value) => value !== 0)).toBe(true);

  const now = changeCatalogue(folder).map((id) => ({ id }));
  const table = stored.valuesFor(now).get(TABLE);
  expect(rowOf(table, 0)).toEqual(Array.from({ length: DIMENSION }, () => 0));
  for (const place of [1, 24]) expect(rowOf(table, place)).toEqual(rowOf(learned, 24 - place));
  // The next round trains on the changed catalogue, from these rows.
  await trainer.relearn({ ...job, plan: { ...job.plan, round: 2 } });
  expect((await readModel(file)).valuesFor(now).get(TABLE)).toHaveLength(25 * DIMENSION);
});

test('a model that serves with vectors of its own serves on when the catalogue changes, and is judged as it serves', async () => {
  const place = shop({ personalisation: null });
  const evaluation = await place.trainer.evaluate(candidateOf(tiny, place, new Float32Array(tiny.vectorLength)));
  const served = evaluation.rejected?.file ?? new Uint8Array();
  const { shape = [], data = [] } = readSafetensors(served).tensors.get(TABLE) ?? {};
  expect(shape[1]).toBe(DIMENSION);
  expect(data.some((value) => value !== 0)).toBe(true);
  const model = join(place.folder, 'serving.safetensors');
  writeFileSync(model, served);
  const serving = {
    strategy: evaluation.rejected?.strategy ?? 'scratch',
    model,
    version: contentHash(served),
    backbone: place.job.backbone,
  };
  const answer = async (): Promise<string[]> => {
    const { source, items } = await place.trainer.recommend({
      ...place.job,
      serving,
      history: ['geheimartikel-1'],
      count: 30,
    });
    expect(source).toBe(serving.strategy);
    return items.map(({ item }) => item);
  };
  const first = await answer();
  changeCatalogue(place.folder);
  const second = await answer();
  expect(second).toContain('geheimartikel-new');
  expect(second.filter((item) => item !== 'geheimartikel-new')).toEqual(first);
  // Under a plan without such vectors it is what a candidate without them has to beat.
  const plain = candidateOf(tiny, place, new Float32Array(tiny.vectorLength));
  const next = await place.trainer.evaluate({ ...plain, plan: { ...plain.plan, groups: tiny.groups }, serving });
  expect(next.scores.map(({ strategy }) => strategy)).toContain('federated');
});
