import { splitSequences, type ItemFeatures, type Sequences, type Split, type TimeCuts } from '@noren/dataset';
import { modalities, type RecommenderConfig } from '../config/recommender-config.ts';
import { RecommenderError } from '../errors.ts';
import { sitePrior, type SitePrior } from '../scoring/site-prior.ts';
import { firstPurchases } from './first-purchases.ts';
import { trainingWindows, type Windows } from './windows.ts';

/**
 * Whose held-out items are ranked: validation items of three disjoint sets of customers, everyone's (where no gate is to
 * decide afterwards), or everyone's test items.
 */
export type EvaluationSet = 'early-stopping' | 'proposal' | 'gate' | 'validation' | 'test';

/** One site's data, prepared once and used by every training and evaluation. */
export interface Study {
  readonly config: RecommenderConfig;
  readonly features: ItemFeatures;
  readonly split: Split;
  readonly windows: Windows;
  readonly prior: SitePrior;
}

/**
 * Splits a site's sequences (repeats removed, leave-last-out or by time, see splitSequences) and cuts the training windows.
 *
 * @throws RecommenderError `study-invalid` when the features do not fit the config, a sequence names an unknown item, or
 * nobody has two items to learn from.
 */
export function prepareStudy(o: {
  readonly config: RecommenderConfig;
  readonly features: ItemFeatures;
  readonly sequences: Sequences;
  /** Of the division into early-stopping, proposal and gate customers. */
  readonly seed: number;
  /** Splits by time. */
  readonly cuts?: TimeCuts;
}): Study {
  const { config, features } = o;
  checkFeatures(config, features);
  const sequences = firstPurchases(o.sequences);
  if (sequences.items.some((item) => item < 0 || item >= features.items)) {
    throw new RecommenderError('study-invalid', 'A sequence names an item that is not in the catalogue.');
  }
  const split = splitSequences(sequences, { seed: o.seed, ...(o.cuts === undefined ? {} : { cuts: o.cuts }) });
  const windows = trainingWindows(split.trainSequences, config.maximumLength);
  if (windows.count === 0) {
    throw new RecommenderError(
      'study-invalid',
      'No customer has two different items to learn from. Give the site more interactions.',
    );
  }
  return { config, features, split, windows, prior: sitePrior(split.trainSequences, features.items) };
}

/** Customer numbers of a set, ascending. */
export function evaluationCustomers({ split }: Study, on: EvaluationSet): Int32Array {
  switch (on) {
    case 'early-stopping':
      return split.earlyStopping;
    case 'proposal':
      return split.proposal;
    case 'gate':
      return split.gate;
    case 'validation':
    case 'test':
      return split.evaluationCustomers;
  }
}

/** The item a customer of a set bought next, and everything known before it (oldest first). */
export function heldOut(
  { split }: Study,
  customer: number,
  on: EvaluationSet,
): { history: Int32Array; target: number } {
  const { items, offsets } = split.trainSequences;
  const train = items.subarray(offsets[customer] ?? 0, offsets[customer + 1] ?? 0);
  const validation = split.validationItems[customer] ?? -1;
  if (on !== 'test') return { history: train, target: validation };
  const target = split.testItems[customer] ?? -1;
  // Split by time, a customer may have bought nothing between the cuts.
  if (validation < 0) return { history: train, target };
  const history = new Int32Array(train.length + 1);
  history.set(train);
  history[train.length] = validation;
  return { history, target };
}

/** By catalogue row: 1 where someone bought the item in training, else 0. */
export function boughtItems({ prior }: Study): Uint8Array {
  return Uint8Array.from(prior.shares, (share) => (share > 0 ? 1 : 0));
}

function checkFeatures(config: RecommenderConfig, features: ItemFeatures): void {
  if (config.identity !== 0 && config.identity !== features.items) {
    throw new RecommenderError(
      'study-invalid',
      `The model has vectors of its own for ${config.identity} items, the catalogue has ${features.items}. Give it one for each item, or none.`,
    );
  }
  for (const modality of modalities) {
    const { dimension, data, present } = features[modality];
    if (dimension !== config.features[modality]) {
      throw new RecommenderError(
        'study-invalid',
        `The ${modality} features are ${dimension} wide, the model expects ${config.features[modality]}. Make them with the backbone's own featuriser.`,
      );
    }
    if (data.length !== features.items * dimension || present.length !== features.items) {
      throw new RecommenderError('study-invalid', `The ${modality} features do not cover the ${features.items} items.`);
    }
  }
}
