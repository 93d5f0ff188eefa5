import type { ModalityName, RecommenderConfig } from '@noren/recommender';
import type { ExperimentName } from '../federation/settings.ts';
import type { Recipe, StrategyName, Variant } from './recipe.ts';

/** What an experiment trains, and how. All numbers were chosen on validation items. */
export interface ExperimentPlan {
  readonly recipe: Recipe;
  readonly variants: readonly Variant[];
}

const config: RecommenderConfig = {
  dimension: 48,
  layers: 1,
  heads: 2,
  feedForward: 96,
  maximumLength: 20,
  dropout: 0.2,
  temperature: 0.07,
  fusion: 'sum+hadamard',
  fusionWeight: 0.1,
  experts: { text: 1, image: 1, price: 1 },
  features: { text: 96, image: 64, price: 16 },
  scales: { text: 1, image: 0.1, price: 1 },
  identity: 0,
  adapterRank: 0,
  priorWeight: 0,
};

const recipe: Recipe = {
  config,
  batchSize: 64,
  weightDecay: 0,
  candidates: 1024,
  rivals: 'catalogue',
  augmentation: { thinning: 0.2, shuffling: 0.5 },
  averaging: 0.8,
  pretraining: { epochs: 15, learningRate: 0.002 },
  scratch: { epochs: 60, learningRate: 0.002 },
  local: { epochs: 20, learningRate: 0.0005 },
  federated: { rounds: 10, epochs: 2, learningRate: 0.001 },
  patience: 8,
  chosenOn: 'early-stopping',
  priorWeights: [0.1, 0.25, 0.5, 1, 2],
};

/** The paper's square (encoder frozen or not, item side anew or not) at a site alone. */
const square: readonly StrategyName[] = ['local fine-tune', 'local fine-tune-items', 'local relearn', 'local ant'];
const alone: readonly StrategyName[] = ['scratch', 'backbone', ...square];
const withFederation: readonly StrategyName[] = [
  ...alone,
  'federated ant',
  'federated ant + personalised',
  'federated fine-tune',
  'federated fine-tune + personalised',
  'centralised',
];
const few: readonly StrategyName[] = [
  'scratch',
  'backbone',
  'local fine-tune',
  'federated fine-tune',
  'federated fine-tune + personalised',
];

const text: readonly ModalityName[] = ['text'];
const textPrice: readonly ModalityName[] = ['text', 'price'];
const all: readonly ModalityName[] = ['text', 'image', 'price'];

/** What stands next to what on an invoice says something, and there is much of it: sequences stay as they are. */
const uci: Recipe = {
  ...recipe,
  augmentation: { thinning: 0, shuffling: 0 },
  averaging: 0.5,
  pretraining: { epochs: 20, learningRate: 0.002 },
};

/** Headquarters of H&M have some hundred customers: more epochs, more regularisation. */
const hm: Recipe = {
  ...recipe,
  config: { ...config, dropout: 0.4 },
  federated: { rounds: 10, epochs: 2, learningRate: 0.0002 },
  pretraining: { epochs: 60, learningRate: 0.001 },
  patience: 15,
};

export const experimentPlans: Readonly<Record<ExperimentName, ExperimentPlan>> = {
  'amazon-scientific': {
    recipe: {
      ...recipe,
      config: { ...config, dimension: 64, feedForward: 128, dropout: 0.4, scales: { text: 1, image: 1, price: 1 } },
      candidates: 4096,
      scratch: { epochs: 80, learningRate: 0.001 },
      chosenOn: 'validation',
    },
    variants: [
      { modalities: text, strategies: ['scratch'] },
      { modalities: ['image'], strategies: ['scratch'] },
      { modalities: ['text', 'image'], strategies: ['scratch'] },
      { modalities: ['text', 'image'], identity: true, strategies: ['scratch'] },
    ],
  },
  'uci-elsewhere': {
    recipe: {
      ...uci,
      config: { ...config, dimension: 64, feedForward: 128, maximumLength: 50 },
      chosenOn: 'validation',
    },
    variants: [{ modalities: textPrice, strategies: alone }],
  },
  'uci-shops': {
    // Shops of a hundred customers learn by heart what they see whole.
    recipe: { ...recipe, augmentation: { thinning: 0.2, shuffling: 0 } },
    variants: [{ modalities: textPrice, strategies: withFederation }],
  },
  'uci-small-headquarters': {
    // A backbone of few customers leaves more to learn together.
    recipe: { ...uci, federated: { rounds: 12, epochs: 2, learningRate: 0.002 } },
    variants: [{ modalities: textPrice, strategies: few }],
  },
  'hm-divided': {
    recipe: { ...hm, chosenOn: 'validation' },
    variants: [text, textPrice, all].map((modalities) => ({ modalities, strategies: alone })),
  },
  'hm-lines': {
    recipe: hm,
    variants: [
      { modalities: textPrice, strategies: withFederation },
      { modalities: all, strategies: few },
      { modalities: text, strategies: few },
    ],
  },
};
