import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentHash, type RoundPlan } from '@noren/protocol';
import { siteSourceSchema } from '@noren/dataset';
import { federatedVector, readSafetensors, withFederatedVector, writeSafetensors } from '@noren/tensor/safetensors';
import { onTestFinished } from 'vitest';
import { InProcessTrainer } from '../relearning/in-process-trainer.ts';
import type { EvaluationJob, RoundJob, Trainer } from '../relearning/trainer.ts';
import { temporaryFolder } from './folders.ts';
import { examplePlan } from './plans.ts';
import { writeSiteData, type TinyBackbone } from './site-data.ts';

/** A small shop's data, a round's files beside it, and who works on them. */
export interface Shop {
  readonly trainer: Trainer;
  readonly folder: string;
  readonly job: RoundJob;
}

export function openShop(tiny: TinyBackbone, change: Partial<RoundPlan> = {}): Shop {
  const folder = temporaryFolder();
  const source = siteSourceSchema.parse(writeSiteData(folder, { seed: 1 }));
  const backbone = contentHash(tiny.file);
  const release = tiny.release(backbone);
  const plan = examplePlan({
    groups: tiny.groups,
    vectorLength: tiny.vectorLength,
    backbone,
    release: contentHash(release),
    ...change,
  });
  const files = { backbone: join(folder, backbone), release: join(folder, plan.release) };
  writeFileSync(files.backbone, tiny.file);
  writeFileSync(files.release, release);
  const trainer = new InProcessTrainer();
  onTestFinished(() => trainer.close());
  return {
    trainer,
    folder,
    job: { source, base: folder, cache: join(folder, 'cache'), site: 'aoyama', plan, ...files },
  };
}

/** What a coordinator would make of one site's update. */
export function candidateOf(tiny: TinyBackbone, { folder, job }: Shop, update: Float32Array): EvaluationJob {
  const release = readSafetensors(tiny.release(job.plan.backbone));
  const vector = federatedVector(release).map((value, at) => value + (update[at] ?? 0));
  const file = writeSafetensors(withFederatedVector(release, vector));
  const candidate = join(folder, contentHash(file));
  writeFileSync(candidate, file);
  return { ...job, candidate, serving: null, gateTests: [] };
}
