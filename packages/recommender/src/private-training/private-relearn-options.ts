import type { GaussianSteps, RandomSource } from '@noren/privacy';
import type { RuntimeOptions } from '../training/trainer.ts';
import type { ModalityName } from '../config/recommender-config.ts';
import type { ModelValues } from '../parameters/values.ts';

/** One step before its noise. Exact counts and losses of customers: not private, for the site's own eyes only. */
export interface PrivateStepReport {
  /** From 1. */
  readonly step: number;
  readonly steps: number;
  /** Customers in the step. */
  readonly customers: number;
  /** Those whose gradient was shortened. */
  readonly clipped: number;
  /** Mean over the customers; 0 for none. */
  readonly loss: number;
}

/**
 * Adds noise in place to a sum of clipped gradients, of which one customer contributes at most `sensitivity` in L2 norm.
 * For the record to hold, the sum that is released carries Gaussian noise of standard deviation noiseMultiplier *
 * sensitivity in every coordinate: all of it added here, or this site's share of it where sites add theirs together.
 */
export type NoiseHook = (
  sum: Float32Array,
  o: { readonly step: number; readonly sensitivity: number; readonly noiseMultiplier: number },
) => void | Promise<void>;

export interface PrivateRelearnOptions extends RuntimeOptions {
  /** Every parameter's start; left untouched. */
  readonly values: ModelValues;
  /** Whether a parameter group is trained; with the item side each customer costs a pass over the catalogue. */
  trainable(group: string): boolean;
  readonly modalities: readonly ModalityName[];
  /** Probability with which each customer, on its own, enters a step, above 0 and at most 1. */
  readonly samplingRate: number;
  /** 1, 2, 3, ... */
  readonly steps: number;
  /** Largest L2 norm of one customer's gradient over all trained groups, above 0. */
  readonly clipNorm: number;
  /** Goes into the record and to the hook; 0 only for comparisons without privacy. */
  readonly noiseMultiplier: number;
  /**
   * What a step's sum is divided by: about samplingRate * customers. A constant that everyone may know, because the number of
   * customers sampled, and that of all, depend on who takes part.
   */
  readonly expectedCustomers: number;
  readonly learningRate: number;
  /** Of cryptographic quality: the record is void for whoever can predict the sample. */
  readonly random: RandomSource;
  readonly addNoise: NoiseHook;
  /** Windows of a compiled batch; default: enough for nearly every sample, at most 64. Does not change the result. */
  readonly batchSize?: number;
  onStep?(report: PrivateStepReport): void;
  readonly signal?: AbortSignal;
}

export interface PrivatelyRelearned {
  readonly values: Map<string, Float32Array>;
  /** Difference from the start for every tensor of the trained groups. */
  readonly update: Map<string, Float32Array>;
  /** For the accountant. */
  readonly record: GaussianSteps;
}
