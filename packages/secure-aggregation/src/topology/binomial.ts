import { logChoose, log2OneMinus } from './hypergeometric.ts';

/** Terms below this share of the first cannot change a sum of doubles. */
const NEGLIGIBLE = 2 ** -60;

/** log2 P[X >= k], X the successes of independent `trials` of equal `chance`; -Infinity for never. @param chance 0 .. 1 */
export function log2BinomialAtLeast(trials: number, chance: number, k: number): number {
  if (k <= 0) return 0;
  if (k > trials || chance <= 0) return -Infinity;
  if (chance >= 1) return 0;
  // Away from the mode the terms fall, so that a sum is a few of them; towards it the other side's sum is the small one.
  const mode = Math.floor((trials + 1) * chance);
  return k > mode ? log2Falling(trials, chance, k) : log2OneMinus(log2Falling(trials, 1 - chance, trials - k + 1));
}

/** The sum of the terms from k on. */
function log2Falling(trials: number, chance: number, k: number): number {
  let [sum, term] = [1, 1];
  for (let j = k; j < trials && term > NEGLIGIBLE * sum; j++) {
    term *= ((trials - j) / (j + 1)) * (chance / (1 - chance));
    sum += term;
  }
  const first = logChoose(trials, k) + k * Math.log(chance) + (trials - k) * Math.log1p(-chance);
  return first * Math.LOG2E + Math.log2(sum);
}
