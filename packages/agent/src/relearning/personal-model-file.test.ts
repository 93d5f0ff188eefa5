import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseHash, type RoundPlan } from '@noren/protocol';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { examplePlan } from '../testing/plans.ts';
import { candidateOf, openShop, type Shop } from '../testing/shop.ts';
import { tinyBackbone, writeSiteData, type TinyBackbone } from '../testing/site-data.ts';
import { InProcessTrainer } from './in-process-trainer.ts';
import type { Evaluation, EvaluationJob } from './trainer.ts';

let tiny: TinyBackbone;
beforeAll(async () => {
  tiny = await tinyBackbone();
});

const ditto = { ...examplePlan().training, objective: { kind: 'ditto', lambda: 0.05 } } as const;

function dittoShop(change: Partial<RoundPlan> = {}): Shop {
  return openShop(tiny, { training: ditto, references: { epochs: 1 }, ...change });
}

/** Every own model on the site's disk, as `<round> <what it was fitted to>`. */
function keptAt({ job }: Shop, names: Readonly<Record<string, string>>): string[] {
  const folder = join(job.cache, 'personal-models');
  return readdirSync(folder)
    .flatMap((key) => readdirSync(join(folder, key)))
    .map((file) => {
      const [round = '', towards = ''] = basename(file, '.safetensors').split('-');
      return `${round} ${names[towards] ?? towards}`;
    })
    .toSorted();
}

/** The next round, which starts from `release`: the round before's candidate if it was accepted, else its release. */
function nextRound(job: EvaluationJob, accepted: boolean): EvaluationJob {
  const release = accepted ? job.candidate : job.release;
  const plan = { ...job.plan, round: job.plan.round + 1, release: parseHash(basename(release)) };
  return { ...job, plan, release };
}

/** What the site would serve of the federation, as figures that hardly two models share. */
function figures({ scores, difference }: Evaluation): unknown {
  return { federated: scores.find(({ strategy }) => strategy === 'federated'), difference };
}

async function firstRound(shop: Shop): Promise<EvaluationJob> {
  const { update } = await shop.trainer.relearn(shop.job);
  const job = candidateOf(
    tiny,
    shop,
    update.map((value) => 20 * value),
  );
  await shop.trainer.evaluate(job);
  return job;
}

/** The same site after its process has been started again: nothing is left but what is on disk. */
function restarted(): InProcessTrainer {
  const trainer = new InProcessTrainer();
  onTestFinished(() => trainer.close());
  return trainer;
}

describe('a site with a model of its own', () => {
  test('keeps one fitted to the candidate and one fitted to the release, and what they came from', async () => {
    const shop = dittoShop();
    const job = await firstRound(shop);
    const names = { [basename(job.candidate)]: 'candidate', [basename(job.release)]: 'release' };
    expect(keptAt(shop, names)).toEqual(['1 candidate', '1 release']);

    const next = nextRound(job, true);
    await shop.trainer.evaluate({ ...next, candidate: job.release });
    expect(keptAt(shop, names)).toEqual(['1 candidate', '2 candidate', '2 release']);
  });

  test('goes on from the one that belongs to the release in force, also after a restart', async () => {
    const shop = dittoShop();
    const job = await firstRound(shop);
    const outcomes = [];
    for (const accepted of [true, false]) {
      const next = nextRound(job, accepted);
      const before = figures(await shop.trainer.evaluate(next));
      // The round is evaluated again, by another process: it starts where the first did.
      expect(figures(await restarted().evaluate(next))).toEqual(before);
      outcomes.push(before);
    }
    const fresh = nextRound(job, false);
    rmSync(join(shop.job.cache, 'personal-models'), { recursive: true });
    const without = figures(await shop.trainer.evaluate(fresh));
    expect(outcomes[1]).not.toEqual(without);
    expect(outcomes[0]).not.toEqual(outcomes[1]);
  });

  test('that missed a round goes on from what it has', async () => {
    const shop = dittoShop();
    const job = await firstRound(shop);
    const elsewhere = { ...nextRound(job, false), candidate: job.candidate };
    const plan = { ...elsewhere.plan, release: parseHash('d'.repeat(64)), round: 7 };
    const kept = figures(await shop.trainer.evaluate({ ...elsewhere, plan }));
    rmSync(join(shop.job.cache, 'personal-models'), { recursive: true });
    expect(figures(await shop.trainer.evaluate({ ...elsewhere, plan }))).not.toEqual(kept);
  });

  test.each<[string, (shop: Shop, job: EvaluationJob) => EvaluationJob]>([
    [
      'the data change',
      (shop, job) => {
        writeSiteData(shop.folder, { seed: 2 });
        return job;
      },
    ],
    ['the plan begins from other values', (_, job) => ({ ...job, plan: { ...job.plan, seed: 8 } })],
    ['the modalities change', (_, job) => ({ ...job, plan: { ...job.plan, modalities: ['text'] } })],
    [
      'another group is shared',
      (_, job) => ({
        ...job,
        plan: {
          ...job.plan,
          groups: { ...job.plan.groups, 'sequence.position': { start: 'pretrained', scope: 'frozen' } },
        },
      }),
    ],
  ])('begins anew when %s', async (_, change) => {
    const shop = dittoShop();
    const job = change(shop, nextRound(await firstRound(shop), false));
    await shop.trainer.evaluate(job);
    const names = { [basename(job.candidate)]: 'candidate', [basename(job.release)]: 'release' };
    expect(keptAt(shop, names)).toEqual(['2 candidate', '2 release']);
  });

  test('drops it when the plan no longer keeps one', async () => {
    const shop = dittoShop();
    const job = nextRound(await firstRound(shop), false);
    await shop.trainer.evaluate({ ...job, plan: { ...job.plan, training: examplePlan().training } });
    expect(readdirSync(shop.job.cache)).not.toContain('personal-models');
  });

  test('a file that was damaged is as none', async () => {
    const shop = dittoShop();
    const job = nextRound(await firstRound(shop), false);
    const folder = join(shop.job.cache, 'personal-models');
    const [key = ''] = readdirSync(folder);
    for (const file of readdirSync(join(folder, key))) writeFileSync(join(folder, key, file), 'damaged');
    await expect(shop.trainer.evaluate(job)).resolves.toMatchObject({ customers: expect.any(Number) });
  });
});
