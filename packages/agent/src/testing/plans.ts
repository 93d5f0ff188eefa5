import type { PlanPrivacy, RoundPlan } from '@noren/protocol';

/** A plan every default policy accepts. */
export function examplePlan(change: Partial<RoundPlan> = {}): RoundPlan {
  return {
    version: 1,
    name: 'fine-tune',
    groups: {
      'item.text': { start: 'pretrained', scope: 'federated' },
      'item.price': { start: 'pretrained', scope: 'federated' },
      'sequence.position': { start: 'pretrained', scope: 'local' },
    },
    adapters: null,
    modalities: ['text', 'price'],
    training: {
      epochs: 3,
      batchSize: 16,
      learningRate: 0.01,
      weightDecay: 0,
      objective: { kind: 'plain' },
      augmentation: { thinning: 0, shuffling: 0 },
      order: { kind: 'together' },
    },
    personalisation: { epochs: 2, learningRate: 0.005, groups: 'trained' },
    references: { epochs: 5 },
    update: { clipNorm: 10, maximumWeight: 100 },
    server: { optimizer: 'fedavg', learningRate: 1 },
    cohort: { minimumSites: 3, quorum: 1 },
    deadlines: { recruiting: 10, keys: 10, relearning: 60, unmasking: 10, evaluating: 60 },
    gate: { confidence: 0.8, margin: 0 },
    seed: 7,
    federation: 'harbour',
    roundId: 'round-1' as RoundPlan['roundId'],
    round: 1,
    backbone: 'b'.repeat(64) as RoundPlan['backbone'],
    release: 'c'.repeat(64) as RoundPlan['release'],
    vectorLength: 12,
    previousPlanHash: null,
    roster: null,
    ...change,
  };
}

/** A privacy section that fits a plan of sequence groups. */
export const examplePrivacy: PlanPrivacy = {
  unit: 'customer',
  mode: 'distributed',
  clipNorm: 1,
  noiseMultiplier: 2,
  samplingRate: 0.1,
  customers: 1000,
  delta: 1e-6,
  minimumHonest: 2,
  colluding: 1,
  sitesPerCustomer: 1,
  homes: null,
};
