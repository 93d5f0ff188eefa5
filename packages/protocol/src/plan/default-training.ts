import type { PlanGroup, PlanTemplate } from './plan.ts';

/**
 * A template with the usual values for everything but its name and groups: five local epochs, plain federated averaging,
 * a cohort of at least three sites, deadlines for a shop's ordinary computer.
 */
export function defaultTraining(name: string, groups: Readonly<Record<string, PlanGroup>>): PlanTemplate {
  return {
    version: 1,
    name,
    groups,
    adapters: null,
    modalities: ['text', 'image', 'price'],
    training: {
      epochs: 5,
      batchSize: 64,
      learningRate: 0.001,
      weightDecay: 0.01,
      augmentation: { thinning: 0, shuffling: 0 },
      objective: { kind: 'plain' },
      order: { kind: 'together' },
    },
    personalisation: { epochs: 2, learningRate: 0.0005, groups: 'trained' },
    references: { epochs: 30 },
    update: { clipNorm: 10, maximumWeight: 5000 },
    server: { optimizer: 'fedavg', learningRate: 1 },
    cohort: { minimumSites: 3, quorum: 0.6 },
    deadlines: { recruiting: 60, keys: 60, relearning: 7200, unmasking: 120, evaluating: 3600 },
    gate: { confidence: 0.95, margin: 0 },
    seed: 1,
  };
}
