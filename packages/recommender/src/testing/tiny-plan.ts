import type { PlanTemplate } from '@noren/protocol';
import type { RecommenderConfig } from '../config/recommender-config.ts';
import { presetPlan } from '../presets/preset-plan.ts';
import type { PresetName } from '../presets/presets.ts';
import { tinyConfig } from './tiny-study.ts';

/** Quick training for the tiny study. */
const usual: Omit<PlanTemplate, 'name' | 'groups'> = {
  version: 1,
  adapters: null,
  modalities: ['text', 'image', 'price'],
  training: {
    epochs: 2,
    batchSize: 16,
    learningRate: 0.01,
    weightDecay: 0,
    objective: { kind: 'plain' },
    augmentation: { thinning: 0, shuffling: 0 },
    order: { kind: 'together' },
  },
  personalisation: { epochs: 2, learningRate: 0.01, groups: 'trained' },
  references: { epochs: 3 },
  update: { clipNorm: 10, maximumWeight: 100 },
  server: { optimizer: 'fedavg', learningRate: 1 },
  cohort: { minimumSites: 3, quorum: 1 },
  deadlines: { recruiting: 10, keys: 10, relearning: 60, unmasking: 10, evaluating: 60 },
  gate: { confidence: 0.9, margin: 0 },
  seed: 1,
};

export function tinyPlan(preset: PresetName, config: RecommenderConfig = tinyConfig): PlanTemplate {
  return presetPlan(preset, config, usual);
}
