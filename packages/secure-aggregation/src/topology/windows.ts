import { groupParameters, MAXIMUM_SITES, type GroupParameters } from '../group-parameters.ts';
import { mostOf } from './fractions.ts';
import { log2AtLeast } from './hypergeometric.ts';
import { log2Sum } from './log2-sum.ts';
import { CORRUPT_FRACTION, SECURITY_BITS } from './random-groups.ts';
import { LARGEST_GROUP } from './sizes.ts';

/*
 * A coordinator says who takes part, and by leaving out the sites that stand between its accomplices in the ranking it brings
 * them together. But it does not touch the ranking, which the registrar drew of all that it lists, after whoever is corrupt was
 * so. Sites that follow each other in a cohort are a part of a window of that ranking, from the first to the last, and whoever is
 * left out, no more corrupt sites are among them than in the window. So all cohorts there are, 2^10,000, are covered by a union
 * bound over the windows: n beginnings, for the last rank is followed by the first, and n widths.
 *
 * Half of the probability is for what takes one window with many corrupt sites, half for what takes two that do not overlap.
 */

/** Consecutive ranks among the sites that the registrar lists. */
export interface RankWindow {
  readonly registered: number;
  /** 1 .. registered. */
  readonly width: number;
}

/**
 * The least number of corrupt sites that no window of this width holds, wherever it begins: but with a probability of
 * 2^-(SECURITY_BITS + 1) for all windows of all widths together, where `CORRUPT_FRACTION` of those registered is corrupt.
 *
 * @param guess where to begin to look; any whole number gives the same
 */
export function corruptBound(window: RankWindow, guess?: number): number {
  return leastRare(window, SECURITY_BITS + 1, guess);
}

/**
 * The least number of corrupt sites that no two windows hold which do not overlap, each as many as is the bound of its width: but
 * with a probability of 2^-(SECURITY_BITS + 1) for all pairs. Of such windows one has the fewer corrupt sites the more the other
 * has (sampling without replacement is negatively associated), so that the probability of both is at most the product.
 */
export function corruptBoundOfTwo(window: RankWindow, guess?: number): number {
  return leastRare(window, (SECURITY_BITS + 1) / 2, guess);
}

/**
 * The least number of `sites` that two sets of them cannot both reach without an honest site in common: t with 2t - g out of
 * reach of the corrupt sites in the window (see `log2GroupBroken`); never below that of a complete graph, floor(2g/3) + 1. Above
 * `sites` there is none: too many are missing between the first and the last.
 *
 * @param sites g, that follow each other
 */
export function windowThreshold(sites: number, window: RankWindow): number {
  return Math.max(Math.floor((2 * sites) / 3) + 1, Math.ceil((sites + corruptBound(window)) / 2));
}

/** Of a complete graph in a window; null if too many sites are missing there. @throws AggregationError as `groupParameters` */
export function windowParameters(sites: number, window: RankWindow): GroupParameters | null {
  const complete = groupParameters(sites);
  const threshold = windowThreshold(sites, window);
  return threshold > sites ? null : { ...complete, threshold, signatures: threshold, minimumSurvivors: threshold };
}

/**
 * log2 of the probability that a coordinator can leave out sites, as many as it likes, such that it learns with the corrupt ones
 * more than the sums.
 *
 * @param corruptFraction of those registered, 0 .. 1
 * @param topology groups fall with one window; a flat cohort also with two
 */
export function log2BrokenByChoice(registered: number, corruptFraction: number, topology: 'groups' | 'flat'): number {
  const any = (boundOf: typeof corruptBound, most: number): number =>
    log2AnyWindow({ registered, corruptFraction, boundOf, most });
  if (topology === 'groups') return Math.min(0, any(corruptBound, LARGEST_GROUP));
  return Math.min(
    0,
    log2Sum([any(corruptBound, MAXIMUM_SITES), 2 * any(corruptBoundOfTwo, Math.floor(MAXIMUM_SITES / 2))]),
  );
}

/** log2 of the expected number of windows that hold their bound, if it is one that `most` sites can be. */
function log2AnyWindow(of: {
  readonly registered: number;
  readonly corruptFraction: number;
  readonly boundOf: typeof corruptBound;
  readonly most: number;
}): number {
  const { registered, corruptFraction, boundOf, most } = of;
  const expected: number[] = [];
  let bound = 0;
  for (let width = 1; width <= registered; width++) {
    const window = { registered, width };
    // The wider, the more: where the bound is beyond `most` it stays so.
    bound = boundOf(window, bound);
    if (bound > most) break;
    // Fewer sites than the bound have no threshold there.
    if (bound <= width) expected.push(Math.log2(registered) + log2Holding(window, corruptFraction, bound));
  }
  return log2Sum(expected);
}

function leastRare(window: RankWindow, bits: number, guess = Math.floor(CORRUPT_FRACTION * window.width)): number {
  const limit = -bits - 2 * Math.log2(window.registered);
  const isRare = (corrupt: number): boolean => log2Holding(window, CORRUPT_FRACTION, corrupt) <= limit;
  let bound = guess;
  while (!isRare(bound)) bound++;
  while (bound > 0 && isRare(bound - 1)) bound--;
  return bound;
}

/** Of a window with a given beginning. */
function log2Holding({ registered, width }: RankWindow, corruptFraction: number, corrupt: number): number {
  return log2AtLeast({ population: registered, marked: mostOf(corruptFraction, registered), draws: width }, corrupt);
}
