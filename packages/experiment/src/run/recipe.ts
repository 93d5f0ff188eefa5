import type { Augmentation, EvaluationSet, ModalityName, RecommenderConfig, Rivals } from '@noren/recommender';
import type { PresetName } from '@noren/recommender/presets';

/** Everything that decides what an experiment trains; chosen on validation items, never on test items. */
export interface Recipe {
  readonly config: RecommenderConfig;
  readonly batchSize: number;
  readonly weightDecay: number;
  /** Items scored at each position, at most. */
  readonly candidates: number;
  /** Whether items that nobody has bought compete in training, too. */
  readonly rivals: Rivals;
  readonly augmentation: Augmentation;
  /** Decay of the moving average over epochs. */
  readonly averaging: number;
  readonly pretraining: { readonly epochs: number; readonly learningRate: number };
  /** From nothing, at a site alone. */
  readonly scratch: { readonly epochs: number; readonly learningRate: number };
  /** From the backbone or a federated solution, at a site alone. */
  readonly local: { readonly epochs: number; readonly learningRate: number };
  readonly federated: { readonly rounds: number; readonly epochs: number; readonly learningRate: number };
  readonly patience: number;
  /**
   * Whose validation items stop trainings and choose: those of the product's early-stopping customers where its gate judges
   * the result, everyone's where no gate does.
   */
  readonly chosenOn: Extract<EvaluationSet, 'early-stopping' | 'validation'>;
  /** Share of the site's own counts beside the network's probability of 1; the best on validation is taken. */
  readonly priorWeights: readonly number[];
}

/** One line of an experiment's plan: which modalities, and with them which ways to adapt. */
export interface Variant {
  readonly modalities: readonly ModalityName[];
  /** Transductive: items have vectors of their own besides; needs no headquarters. Default false. */
  readonly identity?: boolean;
  readonly strategies: readonly StrategyName[];
}

/** A preset re-learned by a site alone, by all sites together, or together and then personalised by each. */
export type StrategyName =
  | 'scratch'
  | 'backbone'
  | `local ${PresetName}`
  | `federated ${PresetName}`
  | `federated ${PresetName} + personalised`
  | 'centralised';
