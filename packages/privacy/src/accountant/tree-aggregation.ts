import { PrivacyError } from '../errors.ts';
import type { GaussianSteps } from './accountant.ts';

/** Elements of a stream whose customers come back: all of them are counted one by one. */
const MOST_ELEMENTS = 2 ** 14;

/**
 * What prefix sums of a stream cost when every node of a binary tree over it carries its own Gaussian noise (Honaker 2015;
 * Kairouz et al. 2021, "Practical and private (deep) learning without sampling or shuffling"). Nothing is assumed of the
 * order or of sampling.
 *
 * A customer who is in m elements below a node moves its sum by up to m times the sensitivity, and a Gaussian mechanism of m
 * times the sensitivity costs what m^2 of them cost. So the steps are the sum of m^2 over the nodes that prefixes use, for the
 * customer for whom it is the largest. One who is in a single element is in ceil(log2(T + 1)) nodes.
 *
 * It makes no difference that elements may depend on the prefixes before them: each node's sum is fixed before its noise is
 * first seen, and m is known in advance, so that this is the composition of mechanisms each of which may be chosen by the
 * results of those before (Mironov 2017, proposition 1).
 *
 * @param noiseMultiplier standard deviation of a node's noise / sensitivity of one element, > 0
 * @param elements T, 0 .. 2^32; at most 2^14 if customers come back
 * @param period a customer is in elements at least this many apart, s, s + period, ...; by default in one only
 * @throws PrivacyError `out-of-range`
 */
export function treeAggregation(noiseMultiplier: number, elements: number, period?: number): GaussianSteps {
  const single = period === undefined || period >= elements;
  const most = single ? 2 ** 32 : MOST_ELEMENTS;
  if (!Number.isSafeInteger(elements) || elements < 0 || elements > most) {
    throw new PrivacyError('out-of-range', `A stream has 0 .. ${most} elements, not ${elements}.`);
  }
  if (single) return { noiseMultiplier, samplingRate: 1, steps: Math.ceil(Math.log2(elements + 1)) };
  if (!Number.isSafeInteger(period) || period < 1) {
    throw new PrivacyError('out-of-range', `Customers come back after 1, 2, 3, ... elements, not ${period}.`);
  }
  let steps = 0;
  for (let first = 1; first <= period; first++) steps = Math.max(steps, squares(elements, period, first));
  return { noiseMultiplier, samplingRate: 1, steps };
}

/** Sum of m^2 over the used nodes, m elements of first, first + period, ... below each. */
function squares(elements: number, period: number, first: number): number {
  const upTo = (count: number): number => Math.floor((count - first) / period) + 1;
  let sum = 0;
  // Each element completes one node that prefixes use: its largest whole subtree, of as many elements as its lowest bit says.
  for (let last = 1; last <= elements; last++) sum += (upTo(last) - upTo(last - (last & -last))) ** 2;
  return sum;
}
