import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentHash, type RoundPlan } from '@noren/protocol';
import { groupOf, parameterGroups, presetGroups, releaseFile, startValues, withAdapters } from '@noren/recommender';
import type { PresetName } from '@noren/recommender/presets';
import { federatedVector, readSafetensors, writeSafetensors } from '@noren/tensor/safetensors';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkBackbone, checkRelease } from '../session/artifacts.ts';
import { examplePlan, examplePrivacy } from '../testing/plans.ts';
import { candidateOf, openShop, type Shop } from '../testing/shop.ts';
import { tinyBackbone, type TinyBackbone } from '../testing/site-data.ts';

let tiny: TinyBackbone;
beforeAll(async () => {
  tiny = await tinyBackbone();
});

const RANK = 2;

/** A backbone's file with the groups and first release of a preset's adapters. */
function adapted(preset: PresetName, rank = RANK): TinyBackbone {
  const backbone = withAdapters(tiny.backbone, { rank });
  const groups = presetGroups(preset, tiny.backbone.config);
  const file = (hash: string): ReturnType<typeof releaseFile> =>
    releaseFile(backbone, startValues(backbone, groups, examplePlan().seed), groups, hash);
  const vectorLength = federatedVector(file('')).length;
  return { ...tiny, backbone, groups, release: (hash) => writeSafetensors(file(hash)), vectorLength };
}

function shop(preset: PresetName, change: Partial<RoundPlan> = {}): Shop {
  const rank = change.adapters?.rank ?? RANK;
  const training = { ...examplePlan().training, epochs: 1 };
  return openShop(adapted(preset, rank), { adapters: { rank }, training, references: { epochs: 1 }, ...change });
}

/** A round's candidate, from an update a hundred times as large as one site's. */
async function candidate(preset: PresetName, place: Shop): Promise<ReturnType<typeof candidateOf>> {
  const { update } = await place.trainer.relearn(place.job);
  return candidateOf(
    adapted(preset),
    place,
    update.map((value) => 100 * value),
  );
}

/** Values in the factors of a block of the tiny backbone, 8 by 8 throughout: five matrices have adapters. */
const FACTOR = 5 * 8 * RANK;

test.each([
  ['lora', 2 * FACTOR],
  ['ffa-lora', FACTOR],
  ['fedsa-lora', FACTOR],
] as const)('%s: the update is the change of the shared factors and of nothing else', async (preset, length) => {
  const { trainer, job } = shop(preset);
  const release = readSafetensors(adapted(preset).release(job.plan.backbone));
  const shared = preset === 'lora' ? ['a', 'b'] : [preset === 'ffa-lora' ? 'b' : 'a'];
  expect(new Set([...release.tensors.keys()].map(groupOf))).toEqual(
    new Set(shared.map((factor) => `sequence.block.0.adapter.${factor}`)),
  );
  const { update } = await trainer.relearn(job);
  expect(update).toHaveLength(length);
  expect(update.filter((value) => value !== 0).length).toBeGreaterThan(0.9 * length);
});

test('ffa-lora: a private round sums the clipped gradients of the shared factor', async () => {
  const { trainer, job } = shop('ffa-lora');
  const privacy = { ...examplePrivacy, samplingRate: 1, clipNorm: 0.01 };
  const { update } = await trainer.relearn({ ...job, plan: { ...job.plan, privacy } });
  expect(update).toHaveLength(FACTOR);
  expect(Math.hypot(...update)).toBeGreaterThan(0);
  expect(Math.hypot(...update)).toBeLessThanOrEqual(48 * privacy.clipNorm);
});

test('fedsa-lora: B stays here and is where the next round starts', async () => {
  const { trainer, job } = shop('fedsa-lora');
  const { update } = await trainer.relearn(job);
  const folder = join(job.cache, 'local-groups');
  const { tensors } = readSafetensors(readFileSync(join(folder, readdirSync(folder)[0] ?? '')));
  expect(new Set([...tensors.keys()].map(groupOf))).toEqual(new Set(['sequence.block.0.adapter.b']));
  expect([...tensors.values()].every(({ data }) => data.some((value) => value !== 0))).toBe(true);
  expect((await trainer.relearn(job)).update).not.toEqual(update);
});

test.each<[string, Partial<RoundPlan>]>([
  ['rank', { adapters: { rank: 4 } }],
  ['random start', { seed: 8 }],
])('a B that grew beside adapters of another %s is not used', async (_, change) => {
  const [first, second] = [shop('fedsa-lora'), shop('fedsa-lora', change)];
  await first.trainer.relearn(first.job);
  const { update } = await second.trainer.relearn(second.job);
  const here = { ...second.job, source: first.job.source, base: first.job.base, cache: first.job.cache };
  expect((await first.trainer.relearn(here)).update).toEqual(update);
});

test.each(['lora', 'fedsa-lora'] as const)('%s: a candidate is judged and served as a plain model', async (preset) => {
  const place = shop(preset, { personalisation: null });
  const job = await candidate(preset, place);
  const { accepted, scores, difference } = await place.trainer.evaluate(job);
  expect(scores.map(({ strategy }) => strategy)).toContain('federated');
  const names = parameterGroups(tiny.backbone.config).flatMap(({ tensors }) => tensors.map(({ name }) => name));
  expect([...readSafetensors(accepted?.file ?? new Uint8Array()).tensors.keys()].toSorted()).toEqual(names.toSorted());
  // What the adapters learned counts, and counts for nothing where the candidate is the release.
  expect(difference).not.toEqual({ mean: 0, standardError: 0 });
  const same = await place.trainer.evaluate({ ...job, candidate: job.release });
  expect(same.difference).toEqual({ mean: 0, standardError: 0 });
});

test('a model of its own that a site keeps under adapters is dropped with their rank', async () => {
  const ditto = { ...examplePlan().training, epochs: 1, objective: { kind: 'ditto', lambda: 0.05 } } as const;
  const place = shop('lora', { training: ditto });
  await place.trainer.evaluate(await candidate('lora', place));
  const folder = join(place.job.cache, 'personal-models');
  const before = readdirSync(folder);
  const other = shop('lora', { training: ditto, round: 2, adapters: { rank: 4 } });
  const job = { ...other.job, cache: place.job.cache, candidate: other.job.release, serving: null, gateTests: [] };
  await other.trainer.evaluate(job);
  const after = readdirSync(folder);
  expect([before.length, after.length]).toEqual([1, 1]);
  expect(after).not.toEqual(before);
});

describe('a downloaded file', () => {
  const plan = (preset: PresetName, change: Partial<RoundPlan> = {}): RoundPlan => shop(preset, change).job.plan;

  test('is a backbone for a plan with adapters that fit it', () => {
    expect(() => checkBackbone(tiny.file, plan('lora'))).not.toThrow();
    expect(() => checkBackbone(tiny.file, { ...plan('lora'), adapters: null })).toThrow(/adapter\.a/);
    expect(() => checkBackbone(tiny.file, { ...plan('lora'), groups: tiny.groups })).toThrow(/says nothing about/);
    expect(() => checkBackbone(tiny.file, { ...plan('lora'), adapters: { rank: 9 } })).toThrow(/at most 8/);
  });

  test('is a release of the rank that the plan says', () => {
    const hash = contentHash(tiny.file);
    expect(() => checkRelease(adapted('lora').release(hash), plan('lora'), 'release')).not.toThrow();
    expect(() => checkRelease(adapted('lora', 3).release(hash), plan('lora'), 'release')).toThrow(/240 values.*160/);
    expect(() => checkRelease(tiny.release(hash), plan('lora'), 'release')).toThrow(/does not share/);
  });
});
