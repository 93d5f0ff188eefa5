import { randomBytes } from 'node:crypto';
import { adaptsClipNorm, sharesTree } from '@noren/protocol';
import { customerGradientSum, releaseFile } from '@noren/recommender';
import { federatedVector } from '@noren/tensor/safetensors';
import { isHome } from './home-site.ts';
import { isDue } from './tree-slot.ts';
import { adapted, siteValues } from './relearn-task.ts';
import type { PrivateRoundJob, Relearned, TaskWatch } from './trainer.ts';
import type { Workbench } from './workbench.ts';

/**
 * A site's part of a private round: minus the sum of its sampled customers' clipped gradients at the release, in federated
 * vector order. Exact: it gets its noise before it is masked, and nothing else that was computed here leaves.
 */
export async function relearnPrivately(
  workbench: Workbench,
  job: PrivateRoundJob,
  watch: TaskWatch,
): Promise<Relearned> {
  const { plan } = job;
  const { privacy } = plan;
  const bench = adapted(await workbench.roundBench(job), plan);
  const { backbone, relearner, data } = bench;
  const { customers } = data.sequences;
  const values = await siteValues(job, bench, job.release);
  watch.signal?.throwIfAborted();
  const {
    sum,
    customers: sampled,
    clipped,
  } = await customerGradientSum(relearner.study, {
    values,
    trainable: (group) => plan.groups[group]?.scope === 'federated',
    modalities: plan.modalities,
    samplingRate: sharesTree(privacy) ? 1 : privacy.samplingRate,
    clipNorm: privacy.clipNorm,
    counts: (customer) =>
      isHome(customers[customer] ?? '', job.site, privacy.homes) && isDue(customers[customer] ?? '', privacy),
    random: randomBytes,
    ...workbench.runtime,
  });
  const steps = new Map([...sum].map(([name, gradient]) => [name, gradient.map((value) => -value)]));
  const update = federatedVector(releaseFile(backbone, steps, plan.groups, plan.backbone));
  return { update, examples: 1, ...(adaptsClipNorm(privacy) ? { unclipped: sampled / 2 - clipped } : {}) };
}
