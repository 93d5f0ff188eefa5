import { mostOf } from './fractions.ts';
import { log2AtLeast, log2AtMost } from './hypergeometric.ts';

/** A cohort divided at random into groups that mask apart, each with Shamir's threshold. */
export interface RandomGroups {
  /** Sites of all groups. */
  readonly cohort: number;
  /** Sites of one group. */
  readonly group: number;
  readonly threshold: number;
}

/** Whom a threshold stands against. Passive: the coordinator follows the protocol; active: it does as it likes. */
export type Adversary = 'passive' | 'active';

/**
 * log2 of the probability that in some group the coordinator and the corrupt sites there learn more than the group's sum:
 *
 *   passive: corrupt >= t, they hold the shares of every secret
 *   active:  corrupt >= 2t - g, two sets of t signers need have no honest site in common (Bonawitz et al. 2017, 6.2)
 *
 * A group is a sample without replacement, so the number of corrupt sites in it is hypergeometric; the groups are taken
 * together by the union bound.
 *
 * @param corruptFraction of the cohort, 0 .. 1, whichever sites these are before the groups are drawn
 */
export function log2Broken(groups: RandomGroups, corruptFraction: number, adversary: Adversary): number {
  const { cohort, group } = groups;
  return Math.min(0, log2GroupBroken(groups, corruptFraction, adversary) + Math.log2(Math.ceil(cohort / group)));
}

/** The same of one group. Of a group that is the whole cohort: never, or surely. */
export function log2GroupBroken(
  { cohort, group, threshold }: RandomGroups,
  corruptFraction: number,
  adversary: Adversary,
): number {
  const draw = { population: cohort, marked: mostOf(corruptFraction, cohort), draws: group };
  return log2AtLeast(draw, adversary === 'passive' ? threshold : 2 * threshold - group);
}

/** log2 of the probability that one group loses so many sites that its sum stays closed. @param lostFraction 0 .. 1 */
export function log2Lost({ cohort, group, threshold }: RandomGroups, lostFraction: number): number {
  const draw = { population: cohort, marked: cohort - mostOf(lostFraction, cohort), draws: group };
  return log2AtMost(draw, threshold - 1);
}

/**
 * Of the sites that the registrar lists. The threshold of random groups holds against them; a federation that fears more needs
 * smaller cohorts of sites it knows, or noise.
 */
export const CORRUPT_FRACTION = 0.1;

/**
 * 2^-40 that any of a thousand rosters, each with a seed of its own, ever divides any cohort into groups of which one is broken;
 * so 2^-50 for one roster. There is no drawing to choose: the union over windows covers every choice that a coordinator has
 * (see `corruptBound`), and seeds are the registrar's.
 */
export const SECURITY_BITS = 50;
