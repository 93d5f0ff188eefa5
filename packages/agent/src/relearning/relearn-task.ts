import { readBytes } from '../home/read-bytes.ts';
import { basename, join } from 'node:path';
import type { RoundPlan } from '@noren/protocol';
import {
  groupOf,
  releaseFile,
  startValues,
  trainLocalRound,
  withAdapters,
  withRelease,
  type ModelValues,
} from '@noren/recommender';
import { federatedVector, readSafetensors } from '@noren/tensor/safetensors';
import { writeAtomically } from '../home/atomic-file.ts';
import { readModel, writeModel } from './model-file.ts';
import type { Relearned, RoundJob, TaskWatch } from './trainer.ts';
import type { Bench, Workbench } from './workbench.ts';

/**
 * Re-learns the plan's groups from the release on this site's data. What changed in the federated groups is the update;
 * what changed in the local groups stays here and is where the next round starts.
 */
export async function relearn(workbench: Workbench, job: RoundJob, watch: TaskWatch): Promise<Relearned> {
  const { plan } = job;
  const bench = adapted(await workbench.roundBench(job), plan);
  const { backbone, relearner } = bench;
  const release = readSafetensors(await readBytes(job.release));
  const values = await siteValues(job, bench, job.release);
  const result = await trainLocalRound(relearner, {
    values,
    groups: plan.groups,
    training: plan.training,
    modalities: plan.modalities,
    seed: roundSeed(plan),
    onProgress: ({ epoch, epochs }) => watch.onProgress?.(epoch / epochs),
    ...(watch.signal === undefined ? {} : { signal: watch.signal }),
  });
  await keepLocalGroups(job, bench, result.values);
  const update = federatedVector(releaseFile(backbone, result.values, plan.groups, plan.backbone));
  const start = federatedVector(release);
  for (let i = 0; i < update.length; i += 1) update[i] = (update[i] ?? 0) - (start[i] ?? 0);
  return { update, examples: result.examples };
}

/** A bench for the model that the plan trains: the backbone with the plan's adapters, where it has any. */
export function adapted(bench: Bench, { adapters }: RoundPlan): Bench {
  const { backbone, relearner } = bench;
  return { ...bench, backbone: withAdapters(backbone, adapters), relearner: relearner.withAdapters(adapters) };
}

/**
 * The whole model as this site has it with a release (or candidate): the plan's start values, the site's own local groups
 * from earlier rounds, the release's federated groups.
 */
export async function siteValues(
  job: RoundJob,
  { backbone, data: { catalogue } }: Bench,
  release: string,
): Promise<Map<string, Float32Array>> {
  const { plan } = job;
  const values = startValues(backbone, plan.groups, plan.seed);
  const own = await readModel(localGroupsFile(job)).catch(() => null);
  for (const [name, data] of own?.valuesFor(catalogue) ?? []) {
    if (plan.groups[groupOf(name)]?.scope === 'local' && values.get(name)?.length === data.length)
      values.set(name, data);
  }
  return withRelease(values, readSafetensors(await readBytes(release)));
}

/** Every round visits the customers in another order; every run of the same round in the same. */
export function roundSeed(plan: RoundPlan): number {
  return (plan.seed + plan.round) % 2 ** 32;
}

async function keepLocalGroups(job: RoundJob, bench: Bench, values: ModelValues): Promise<void> {
  const { plan } = job;
  const local = new Map([...values].filter(([name]) => plan.groups[groupOf(name)]?.scope === 'local'));
  if (local.size === 0) return;
  const description = { strategy: 'federated', backbone: plan.backbone, modalities: plan.modalities } as const;
  await writeAtomically(localGroupsFile(job), writeModel(bench, local, description));
}

/** One for a backbone, and for adapters of one rank and random start: a factor is of use only beside the other it grew with. */
function localGroupsFile({ cache, backbone, plan }: RoundJob): string {
  const { adapters, seed } = plan;
  const suffix = adapters === null ? '' : `-rank-${adapters.rank}-seed-${seed}`;
  return join(cache, 'local-groups', `${basename(backbone)}${suffix}.safetensors`);
}
