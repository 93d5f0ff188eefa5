import { mean } from '../scoring/metrics.ts';
import type { CustomerScores } from '../scoring/customer-scores.ts';
import { normalQuantile } from './normal-quantile.ts';
import { differences, standardDeviation } from './paired.ts';
import { isShared, type Strategy } from './strategy.ts';

export type Proposal =
  | { readonly kind: 'test'; readonly strategy: Strategy }
  /** `ahead` is the strategy that would have been tested, by `difference` in NDCG against what is in service. */
  | { readonly kind: 'nothing'; readonly ahead: Strategy; readonly difference: number };

/**
 * Which one model deserves the gate's next test, seen on the proposal customers: they stopped no training, and the gate
 * never asks them.
 *
 * The federated model, alone or blended, goes first unless another is ahead of it by more than a standard error (the
 * one-standard-error rule of Breiman et al. 1984): it is the one that goes on learning from others. A test is spent only
 * where these customers promise that it succeeds more likely than not; every test makes the next one of the year harder.
 */
export function propose(o: {
  /** Of the proposal customers. */
  readonly scores: Readonly<Partial<Record<Strategy, CustomerScores>>>;
  readonly service: CustomerScores;
  readonly gateCustomers: number;
  /** One-sided, of the test that would be made. */
  readonly confidence: number;
  readonly margin: number;
}): Proposal {
  const names = Object.keys(o.scores) as Strategy[];
  const quality = (strategy: Strategy): number => mean(o.scores[strategy]?.ndcg ?? new Float64Array());
  const best = (among: readonly Strategy[]): Strategy | undefined =>
    among.toSorted((a, b) => quality(b) - quality(a))[0];
  const leader = best(names);
  if (leader === undefined) return { kind: 'nothing', ahead: 'scratch', difference: 0 };
  const shared = best(names.filter(isShared)) ?? leader;
  const strategy = isClearlyAhead(o.scores[leader], o.scores[shared]) ? leader : shared;
  const gained = differences(o.scores[strategy]?.ndcg ?? new Float64Array(), o.service.ndcg);
  const gain = mean(gained);
  const expectedError = standardDeviation(gained) / Math.sqrt(Math.max(1, o.gateCustomers));
  const promises = gain > 0 && gain + o.margin >= normalQuantile(o.confidence) * expectedError;
  return promises
    ? { kind: 'test', strategy }
    : { kind: 'nothing', ahead: strategy, difference: Number.isNaN(gain) ? 0 : gain };
}

function isClearlyAhead(one: CustomerScores | undefined, other: CustomerScores | undefined): boolean {
  if (one === undefined || other === undefined || one === other) return false;
  const ahead = differences(one.ndcg, other.ndcg);
  return mean(ahead) > standardDeviation(ahead) / Math.sqrt(Math.max(1, ahead.length));
}
