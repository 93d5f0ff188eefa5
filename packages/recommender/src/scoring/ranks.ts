import { RecommenderError } from '../errors.ts';

/**
 * The target's place among the items the customer does not have yet, 1 .. items. Ties count against the target, so a
 * model that scores everything alike is last, not first.
 *
 * @throws RecommenderError `scores-invalid` when a score is not a number.
 */
export function rankOfTarget(scores: ArrayLike<number>, history: ArrayLike<number>, target: number): number {
  const own = scores[target] as number;
  let rank = 0;
  for (let item = 0; item < scores.length; item += 1) {
    // Written so that NaN counts as better: a broken model must not look good.
    if (!((scores[item] as number) < own)) rank += 1;
  }
  const seen = new Set<number>();
  for (let at = 0; at < history.length; at += 1) {
    const item = history[at] as number;
    if (item === target || seen.has(item)) continue;
    seen.add(item);
    if (!((scores[item] as number) < own)) rank -= 1;
  }
  if (Number.isNaN(own)) {
    throw new RecommenderError(
      'scores-invalid',
      'The model gave a score that is not a number. Do not use these values.',
    );
  }
  return rank;
}
