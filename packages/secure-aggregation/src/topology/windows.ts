import { mostOf } from './fractions.ts';
import { log2AtLeast } from './hypergeometric.ts';
import { log2Sum } from './log2-sum.ts';
import { CORRUPT_FRACTION, SECURITY_BITS } from './random-groups.ts';
import { LARGEST_GROUP } from './sizes.ts';

/*
 * A coordinator says who takes part, and by leaving out the sites that stand between its accomplices in the ranking it brings
 * them together. But it does not touch the ranking, which the registrar drew of all that it lists, after whoever is corrupt was
 * so. A group is a part of a window of that ranking, from its first site to its last, and whoever is left out, no more corrupt
 * sites are in the group than in the window. So all cohorts there are, 2^10,000, are covered by a union bound over the windows,
 * n (n + 1) / 2.
 */

/** Consecutive ranks among the sites that the registrar lists. */
export interface RankWindow {
  readonly registered: number;
  /** 1 .. registered. */
  readonly width: number;
}

/**
 * The least number of corrupt sites that no window of this width holds, wherever it begins: but with a probability of
 * 2^-SECURITY_BITS for all windows of all widths together, where `CORRUPT_FRACTION` of those registered is corrupt.
 *
 * @param guess where to begin to look; any whole number gives the same
 */
export function corruptBound(window: RankWindow, guess: number = Math.floor(CORRUPT_FRACTION * window.width)): number {
  let bound = guess;
  while (!isRare(window, bound)) bound++;
  while (bound > 0 && isRare(window, bound - 1)) bound--;
  return bound;
}

/**
 * The least threshold t of a group within such a window with 2t - g out of reach of the corrupt sites there (see
 * `log2GroupBroken`); never below that of a complete graph, floor(2g/3) + 1. Above `sites` there is none: too many are missing
 * between the first and the last.
 *
 * @param sites g, of the group
 */
export function windowThreshold(sites: number, window: RankWindow): number {
  return Math.max(Math.floor((2 * sites) / 3) + 1, Math.ceil((sites + corruptBound(window)) / 2));
}

/**
 * log2 of the probability that a coordinator can leave out sites, as many as it likes, such that in some group it learns with
 * the corrupt sites more than the group's sum.
 *
 * @param corruptFraction of those registered, 0 .. 1
 */
export function log2BrokenByChoice(registered: number, corruptFraction: number): number {
  const probabilities: number[] = [];
  let bound = 0;
  for (let width = 1; width <= registered; width++) {
    const window = { registered, width };
    // A group of fewer sites than the bound has no threshold there.
    if (!isRare(window, Math.min(width, LARGEST_GROUP))) continue;
    bound = corruptBound(window, bound);
    probabilities.push(log2Places(window) + log2Holding(window, corruptFraction, bound));
  }
  return Math.min(0, log2Sum(probabilities));
}

/** Whether no window of this width holds so many, but with its part of the probability. */
function isRare(window: RankWindow, corrupt: number): boolean {
  const limit = -SECURITY_BITS - Math.log2(window.registered) - log2Places(window);
  return log2Holding(window, CORRUPT_FRACTION, corrupt) <= limit;
}

/** Of a window with a given beginning. */
function log2Holding({ registered, width }: RankWindow, corruptFraction: number, corrupt: number): number {
  return log2AtLeast({ population: registered, marked: mostOf(corruptFraction, registered), draws: width }, corrupt);
}

function log2Places({ registered, width }: RankWindow): number {
  return Math.log2(registered - width + 1);
}
