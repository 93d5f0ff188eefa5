import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { trainReferences } from '@noren/recommender';
import { writeAtomically } from '../home/atomic-file.ts';
import { readModel, writeModel } from './model-file.ts';
import type { RoundJob, TaskWatch } from './trainer.ts';
import type { Bench, Workbench } from './workbench.ts';

type Values = Map<string, Float32Array>;

/** Decay of the average over epochs: what a site can do alone is trained as well as it can be. */
const REFERENCE_AVERAGING = 0.8;

export interface ReferenceValues {
  readonly scratch: Values;
  readonly local: Values;
}

/**
 * What the site can do alone. Trained once for a backbone, state of the data and budget, then read from the cache: the
 * gate of every later round compares with the same references until something they depend on changes.
 */
export async function references(workbench: Workbench, job: RoundJob, watch: TaskWatch): Promise<ReferenceValues> {
  const bench = await workbench.roundBench(job);
  const key = keyOf(job, bench);
  const folder = join(job.cache, 'references', key);
  const files = { scratch: join(folder, 'scratch.safetensors'), local: join(folder, 'local.safetensors') };
  const { catalogue } = bench.data;
  const read = [readModel(files.scratch), readModel(files.local)] as const;
  const kept = await Promise.all(read).catch(() => null);
  if (kept !== null) return { scratch: kept[0].valuesFor(catalogue), local: kept[1].valuesFor(catalogue) };

  const { plan } = job;
  const { modalities, training } = plan;
  const trained = await trainReferences(bench.relearner, {
    backbone: bench.backbone,
    modalities,
    epochs: plan.references.epochs,
    batchSize: training.batchSize,
    learningRate: training.learningRate,
    weightDecay: training.weightDecay,
    augmentation: training.augmentation,
    averaging: REFERENCE_AVERAGING,
    seed: plan.seed,
    onProgress: (reference, epoch, epochs) => {
      watch.onProgress?.((reference === 'scratch' ? 0 : 0.5) + epoch / epochs / 2);
    },
    ...(watch.signal === undefined ? {} : { signal: watch.signal }),
  });
  for (const strategy of ['scratch', 'local'] as const) {
    const description = { strategy, backbone: plan.backbone, modalities };
    await writeAtomically(files[strategy], writeModel(bench, trained[strategy].values, description));
  }
  await removeAllBut(join(job.cache, 'references'), key);
  return { scratch: trained.scratch.values, local: trained.local.values };
}

/** Data that changes every night would otherwise leave two models a night behind. */
async function removeAllBut(folder: string, kept: string): Promise<void> {
  const others = (await readdir(folder)).filter((name) => name !== kept);
  await Promise.all(others.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

function keyOf({ plan }: RoundJob, { dataHash }: Bench): string {
  const { epochs: _epochs, objective: _objective, order: _order, ...training } = plan.training;
  const depends = [plan.backbone, dataHash, plan.modalities, plan.references, training, plan.seed];
  return createHash('sha256').update(JSON.stringify(depends)).digest('hex').slice(0, 32);
}
