import type { DatasetName, World } from '@noren/dataset';
import type { PlanTemplate } from '@noren/protocol';
import type { RecommenderConfig } from '@noren/recommender';
import type { PresetName } from '@noren/recommender/presets';

import { architecture } from '../backbone/architecture.ts';
import type { Pretraining } from '../backbone/pretrain-backbone.ts';
import { presetCalled } from '../plan/preset-called.ts';
import { fewestSites, type DataChoice } from './prepare-data.ts';

/** Plans that are read off a survey of the sites (docs/choosing.md). */
export type SurveyedPlan = 'adaptive' | 'auto';

/** Everything that decides what a demonstration computes; equal settings give equal results. */
export interface DemoSettings {
  readonly choice: DataChoice;
  readonly preset: PresetName | SurveyedPlan;
  readonly config: RecommenderConfig;
  readonly pretraining: Pretraining;
  readonly plan: Omit<PlanTemplate, 'groups' | 'name'>;
  readonly seed: number;
}

export function demoSettings(o: {
  readonly dataset: DatasetName;
  readonly path: string | undefined;
  readonly headquarters?: string | undefined;
  readonly world: World;
  readonly sites: number;
  readonly seed: number;
  readonly preset: string | undefined;
}): DemoSettings {
  const { dataset, path, headquarters, world, sites, seed } = o;
  const tuned = dataset === 'generated' ? generated : real;
  return {
    choice: { dataset, path, headquarters, world, sites, seed },
    preset: presetOf(o.preset ?? (dataset === 'generated' ? 'adaptive' : 'fine-tune')),
    config: { ...architecture, temperature: tuned.temperature },
    pretraining: tuned.pretraining,
    plan: {
      version: 1,
      adapters: null,
      modalities: ['text', 'image', 'price'],
      training: {
        epochs: 4,
        batchSize: tuned.batchSize,
        learningRate: tuned.learningRate,
        weightDecay: 0,
        augmentation: { thinning: 0, shuffling: 0 },
        objective: { kind: 'plain' },
        order: { kind: 'together' },
      },
      personalisation: { ...tuned.personalisation, groups: 'trained' },
      references: { epochs: 60 },
      update: { clipNorm: 50, maximumWeight: tuned.maximumWeight },
      server: { optimizer: 'fedavg', learningRate: 1 },
      cohort: { minimumSites: fewestSites, quorum: 0.6 },
      deadlines: { recruiting: 60, keys: 60, relearning: 3600, unmasking: 60, evaluating: 3600 },
      gate: { confidence: 0.8, margin: 0.02 },
      seed,
    },
    seed,
  };
}

interface Tuned {
  readonly temperature: number;
  readonly pretraining: Pretraining;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly personalisation: { readonly epochs: number; readonly learningRate: number };
  readonly maximumWeight: number;
}

/** Chosen on ten generated sites; the real data sets have the backbone's usual values, not tuned. */
const generated: Tuned = {
  temperature: 0.15,
  pretraining: { epochs: 40, batchSize: 64, learningRate: 0.01 },
  learningRate: 0.01,
  batchSize: 32,
  personalisation: { epochs: 10, learningRate: 0.005 },
  maximumWeight: 2000,
};

const real: Tuned = {
  temperature: 0.07,
  pretraining: { epochs: 40, batchSize: 64, learningRate: 0.002 },
  learningRate: 0.001,
  batchSize: 64,
  personalisation: { epochs: 4, learningRate: 0.0005 },
  maximumWeight: 20_000,
};

function presetOf(name: string): PresetName | SurveyedPlan {
  return isSurveyed(name) ? name : presetCalled(name);
}

/** Whether a plan's name is that of one that is read off a survey. */
export function isSurveyed(name: string): name is SurveyedPlan {
  return name === 'adaptive' || name === 'auto';
}
