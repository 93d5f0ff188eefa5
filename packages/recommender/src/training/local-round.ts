import type { PlanGroup, PlanTraining } from '@noren/protocol';
import type { RelearnOptions, Relearned } from './relearn-options.ts';
import type { Relearner } from './relearner.ts';

export type LocalRoundOptions = Pick<RelearnOptions, 'values' | 'modalities' | 'seed' | 'onProgress' | 'signal'> & {
  readonly groups: Readonly<Record<string, Pick<PlanGroup, 'scope'>>>;
  readonly training: PlanTraining;
};

/**
 * What one site trains in a round, from the release (and its own local groups) to what it sends and keeps. Ditto and APFL
 * train the shared model plainly; their own model is trained in `personalise`.
 */
export async function trainLocalRound(relearner: Relearner, o: LocalRoundOptions): Promise<Relearned> {
  const { training, values, modalities, seed, signal } = o;
  const { objective, order, batchSize, learningRate, weightDecay, augmentation } = training;
  const scopeOf = (group: string): PlanGroup['scope'] => o.groups[group]?.scope ?? 'frozen';
  const common = {
    modalities,
    batchSize,
    learningRate,
    weightDecay,
    augmentation,
    seed,
    ...(signal === undefined ? {} : { signal }),
  };
  const pull = objective.kind === 'fedprox' ? { proximal: { weight: objective.mu } } : {};
  if (order.kind === 'together') {
    return relearner.relearn({
      ...common,
      ...pull,
      values,
      trainable: (group) => scopeOf(group) !== 'frozen',
      epochs: training.epochs,
      onProgress: (report) => o.onProgress?.(report),
    });
  }
  // Personal parameters first, on the shared ones as they came; then the shared ones (Pillutla et al. 2022, FedAlt).
  const epochs = order.personalEpochs + training.epochs;
  const personal = await relearner.relearn({
    ...common,
    values,
    trainable: (group) => scopeOf(group) === 'local',
    epochs: order.personalEpochs,
    onProgress: (report) => o.onProgress?.({ ...report, epochs }),
  });
  const shared = await relearner.relearn({
    ...common,
    ...pull,
    values: personal.values,
    trainable: (group) => scopeOf(group) === 'federated',
    epochs: training.epochs,
    onProgress: (report) => o.onProgress?.({ ...report, epoch: order.personalEpochs + report.epoch, epochs }),
  });
  return { ...shared, losses: [...personal.losses, ...shared.losses], keptEpoch: epochs };
}
