import type { ModalityName } from '../config/recommender-config.ts';
import type { ModelValues } from '../parameters/values.ts';
import type { Augmentation } from '../study/augmented-windows.ts';

export interface EpochReport {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Mean over the epoch's steps. */
  readonly loss: number;
  /** Mean NDCG without cut-off of the early-stopping customers, where early stopping is on. */
  readonly validation?: number;
}

export type Rivals = 'catalogue' | 'bought';

export interface RelearnOptions {
  /** Every parameter's start; left untouched. */
  readonly values: ModelValues;
  /** Whether a parameter group is trained; the others keep their values bit for bit. */
  trainable(group: string): boolean;
  /** The stage: modalities left out contribute nothing, and their parameters keep their values. */
  readonly modalities: readonly ModalityName[];
  readonly epochs: number;
  /** Windows a step. */
  readonly batchSize: number;
  readonly learningRate: number;
  /** Decoupled (AdamW); default 0. */
  readonly weightDecay?: number;
  /** Adds weight/2 |p - towards|^2 over what is trained; default: nothing. */
  readonly proximal?: {
    readonly weight: number;
    /** Default: `values`. */
    readonly towards?: ModelValues;
  };
  readonly seed: number;
  /**
   * Keep the values of the epoch (0 = the start) that ranks the early-stopping customers' validation items best, and stop
   * when it has not improved for `patience` epochs. Default: train all epochs and keep the last values. `on`: whose items,
   * where no gate will judge the model: everyone's `validation`; default `early-stopping`.
   */
  readonly earlyStopping?: { readonly patience: number; readonly on?: 'early-stopping' | 'validation' };
  /** Items scored at each position, at most; a larger catalogue is sampled anew for every batch. Default 4096. */
  readonly candidates?: number;
  /**
   * Which items a prediction competes with: all of the `catalogue`, or only those `bought` in training. An item that nobody
   * has bought may be new; as a rival in every step it learns that nobody wants it, which hurts where many of the next
   * purchases are of such items. Default `catalogue`.
   */
  readonly rivals?: Rivals;
  /** Varies the sequences anew in every epoch; default: they are taken as they are. */
  readonly augmentation?: Augmentation;
  /** Decay of a moving average of the values over epochs, which is what is scored and kept; default 0, no average. */
  readonly averaging?: number;
  /** Adds ANT's small image-text alignment loss; for pretraining. Default false. */
  readonly alignment?: boolean;
  onProgress?(report: EpochReport): void;
  readonly signal?: AbortSignal;
}

export interface Relearned {
  readonly values: Map<string, Float32Array>;
  /** Predicted positions in one epoch: the site's weight in an average. */
  readonly examples: number;
  /** Mean training loss of each epoch that ran. */
  readonly losses: readonly number[];
  /** Epoch whose values were kept, 0 for the start. */
  readonly keptEpoch: number;
}
