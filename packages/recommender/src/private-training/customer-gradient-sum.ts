import type { RandomSource } from '@noren/privacy';
import type { ModalityName } from '../config/recommender-config.ts';
import { RecommenderError } from '../errors.ts';
import { checkValues, type ModelValues } from '../parameters/values.ts';
import type { Study } from '../study/study.ts';
import type { RuntimeOptions } from '../training/trainer.ts';
import { CustomerGradients, usualBatch } from './customer-gradients.ts';
import { firstWindows, poissonSample } from './poisson-sample.ts';

export interface CustomerGradientSumOptions extends RuntimeOptions {
  /** Where the gradients are taken; left untouched. */
  readonly values: ModelValues;
  /** Whether a parameter group is trained; with the item side each customer costs a pass over the catalogue. */
  trainable(group: string): boolean;
  readonly modalities: readonly ModalityName[];
  /** Probability with which each customer, on its own, enters, above 0 and at most 1. */
  readonly samplingRate: number;
  /** Largest L2 norm of one customer's gradient over all trained groups, above 0. */
  readonly clipNorm: number;
  /** Whether a customer, by its number in the study's sequences, may enter at all; default: everyone. */
  counts?(customer: number): boolean;
  /** Of cryptographic quality: sampling protects nobody from whoever can predict it. */
  readonly random: RandomSource;
  /** Windows of a compiled batch; default: enough for nearly every sample, at most 64. Does not change the result. */
  readonly batchSize?: number;
}

export interface CustomerGradientSum {
  /** Sum of the clipped gradients for every tensor of the trained groups. Exact: it must get its noise before it leaves. */
  readonly sum: Map<string, Float32Array>;
  /** Customers whose gradients are in it, and those of them whose gradient was shortened: as little for others' eyes. */
  readonly customers: number;
  readonly clipped: number;
}

/**
 * What one site contributes to one private round: a Poisson sample of its customers, of each the gradient of the loss on one
 * of its windows, clipped, all added up. One customer more or less changes the sum by at most `clipNorm`. Blocks its thread
 * while it computes, so it belongs into a worker.
 *
 * @throws RecommenderError `options-invalid`, `groups-invalid`, `values-invalid`
 */
export async function customerGradientSum(study: Study, o: CustomerGradientSumOptions): Promise<CustomerGradientSum> {
  if (!(o.samplingRate > 0 && o.samplingRate <= 1 && o.clipNorm > 0 && o.modalities.length > 0)) {
    throw new RecommenderError(
      'options-invalid',
      `Sampling rate ${o.samplingRate}, clip norm ${o.clipNorm}, ${o.modalities.length} modalities. Nothing was computed.`,
    );
  }
  checkValues(study.config, o.values);
  const first = firstWindows(study.windows);
  const gradients = await CustomerGradients.open(study, {
    values: o.values,
    trainable: (group) => o.trainable(group),
    modalities: o.modalities,
    batchSize: o.batchSize ?? usualBatch(first.length - 1, o.samplingRate),
    ...(o.runtime === undefined ? {} : { runtime: o.runtime }),
    ...(o.threads === undefined ? {} : { threads: o.threads }),
  });
  try {
    const sampled = poissonSample(first, o.samplingRate, o.random);
    const { customers } = study.windows;
    // After the sampling, so that who counts changes nobody else's chance.
    const chosen = sampled.filter((window) => o.counts?.(customers[window] ?? -1) ?? true);
    const { sum, clipped } = await gradients.clippedSum(chosen, o.clipNorm);
    const tensors = new Map(gradients.places.map(({ name, begin, end }) => [name, sum.slice(begin, end)]));
    return { sum: tensors, customers: chosen.length, clipped };
  } finally {
    await gradients.close();
  }
}
