import { PrivacyError } from '../errors.ts';
import type { GaussianSteps } from './accountant.ts';

/**
 * What prefix sums of a stream cost when every node of a binary tree over it carries its own Gaussian noise and each customer
 * is in one element of the stream (Honaker 2015; Kairouz et al. 2021, "Practical and private (deep) learning without
 * sampling or shuffling"): a customer is in ceil(log2(T + 1)) nodes. Nothing is assumed of the order or of
 * sampling.
 *
 * @param noiseMultiplier standard deviation of a node's noise / sensitivity, > 0
 * @param elements T, 0 .. 2^32
 * @throws PrivacyError `out-of-range`
 */
export function treeAggregation(noiseMultiplier: number, elements: number): GaussianSteps {
  if (!Number.isSafeInteger(elements) || elements < 0 || elements > 2 ** 32) {
    throw new PrivacyError('out-of-range', `A stream has 0 .. 2^32 elements, not ${elements}.`);
  }
  return { noiseMultiplier, samplingRate: 1, steps: Math.ceil(Math.log2(elements + 1)) };
}
