import type { RecommenderConfig } from '@noren/recommender';

/** A backbone small enough for a shop's computer; the feature widths are those of the built-in encoders. */
export const architecture: RecommenderConfig = {
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
  // Image features without a pretrained encoder are weak: at full scale they drown the text.
  scales: { text: 1, image: 0.3, price: 1 },
  // What a shop's own counts add is the surest gain of all (docs/accuracy.md).
  priorWeight: 0.25,
  identity: 0,
  adapterRank: 0,
};
