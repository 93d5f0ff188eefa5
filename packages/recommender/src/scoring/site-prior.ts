import type { Sequences } from '@noren/dataset';
import { coOccurrence, coOccurrenceScores, type CoOccurrence } from '../baselines/co-occurrence.ts';
import { popularity } from '../baselines/popularity.ts';
import type { HistoryRule, Scores } from './ranker.ts';

/**
 * What a site knows about its items by counting: which follows which, and which is bought at all. It is never shared; it
 * complements a network that sees items only by their text, image and price.
 */
export interface SitePrior {
  readonly pairs: CoOccurrence;
  /** Share of each item in all purchases; sums to 1. */
  readonly shares: Float64Array;
}

/** Pairs that popularity counts for where little is known of what follows a history. */
const BACKOFF = 4;

export function sitePrior(sequences: Sequences, items: number): SitePrior {
  const counts = popularity(sequences, items);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return { pairs: coOccurrence(sequences, items), shares: counts.map((count) => count / Math.max(total, 1)) };
}

/** Probability of each item after a history: followers of its last items, backing off to popularity (Dirichlet smoothing). */
function priorProbabilities({ pairs, shares }: SitePrior, history: Int32Array): Float64Array {
  const scores = coOccurrenceScores(pairs, history);
  const total = scores.reduce((sum, score) => sum + score, BACKOFF);
  return scores.map((score, item) => (score + BACKOFF * (shares[item] as number)) / total);
}

/**
 * The network's scores (logits) mixed with the site's counts: p_network + weight * p_counts over the items that are
 * ranked; by the usual rule, `masked`, those of the history are not and get 0. With weight 0 the scores themselves.
 */
export function withPrior(
  scores: Float32Array,
  history: Int32Array,
  { prior, weight, rule = 'masked' }: { prior: SitePrior; weight: number; rule?: HistoryRule },
): Scores {
  if (weight === 0) return scores;
  const masked = rule === 'masked' ? history : new Int32Array();
  const powers = Float64Array.from(scores);
  for (const item of masked) powers[item] = Number.NEGATIVE_INFINITY;
  const highest = powers.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY);
  let total = 0;
  for (let item = 0; item < powers.length; item += 1) {
    const power = Math.exp((powers[item] as number) - highest);
    powers[item] = power;
    total += power;
  }
  const counted = priorProbabilities(prior, history);
  for (const item of masked) counted[item] = 0;
  return powers.map((power, item) => power / total + weight * (counted[item] as number));
}
