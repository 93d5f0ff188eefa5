import type { Sequences } from '@noren/dataset';
import {
  coOccurrence,
  coOccurrenceScores,
  type CoOccurrence,
  type CoOccurrenceOptions,
} from '../baselines/co-occurrence.ts';
import { popularity } from '../baselines/popularity.ts';
import type { HistoryRule, Scores } from './ranker.ts';

/**
 * What a site knows about its items by counting: which are bought near which, and which at all. It is never shared; it
 * complements a network that sees items only by their text, image and price.
 */
export interface SitePrior {
  readonly pairs: CoOccurrence;
  /** Share of each item in all purchases; sums to 1. */
  readonly shares: Float64Array;
}

/**
 * A customer's basket has no order worth the name, so pairs are sought far and count backwards too; the root keeps items
 * that everybody buys from deciding for all others of a history. site-prior.test.ts holds it against pairs counted
 * forwards within three purchases, on two real datasets.
 */
const countedPairs: CoOccurrenceOptions = { window: 10, backward: 0.5, normalisation: 0.5 };

export function sitePrior(sequences: Sequences, items: number): SitePrior {
  const counts = popularity(sequences, items);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return {
    pairs: coOccurrence(sequences, items, countedPairs),
    shares: counts.map((count) => count / Math.max(total, 1)),
  };
}

/**
 * The network's scores (logits) mixed with the site's counts: p_network + weight * p_counts, both over the items that are
 * ranked; by the usual rule, `masked`, those of the history are not and get 0. With weight 0 the scores themselves.
 *
 * The counts are those near the history's last items, and popularity as much as one of them: it decides where little is
 * known (Dirichlet smoothing).
 */
export function withPrior(
  scores: Float32Array,
  history: Int32Array,
  { prior, weight, rule = 'masked' }: { prior: SitePrior; weight: number; rule?: HistoryRule },
): Scores {
  if (weight === 0) return scores;
  const mixed = new Float64Array(scores);
  const counted = coOccurrenceScores(prior.pairs, history, prior.shares.slice());
  if (rule === 'masked') {
    for (const item of history) {
      mixed[item] = Number.NEGATIVE_INFINITY;
      counted[item] = 0;
    }
  }
  // Plain loops: this is done for every customer, and the catalogue may be large.
  let highest = Number.NEGATIVE_INFINITY;
  for (let item = 0; item < mixed.length; item += 1) {
    if ((mixed[item] as number) > highest) highest = mixed[item] as number;
  }
  let total = 0;
  let totalCounted = 0;
  for (let item = 0; item < mixed.length; item += 1) {
    const power = Math.exp((mixed[item] as number) - highest);
    mixed[item] = power;
    total += power;
    totalCounted += counted[item] as number;
  }
  const share = weight / Math.max(totalCounted, Number.MIN_VALUE);
  for (let item = 0; item < mixed.length; item += 1) {
    mixed[item] = (mixed[item] as number) / total + share * (counted[item] as number);
  }
  return mixed;
}
