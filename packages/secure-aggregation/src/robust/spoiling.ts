import { log2BinomialAtLeast } from '../topology/binomial.ts';
import { mostOf } from '../topology/fractions.ts';
import { log2AtLeast } from '../topology/hypergeometric.ts';
import { breakdown, type Combination } from './combination.ts';

/** A cohort divided at random into groups of equal size, or of two sizes that differ by one. */
export interface GroupComparison {
  readonly cohort: number;
  readonly groups: number;
  readonly combination: Combination;
}

/** What corrupt sites do to the combination of the groups' means. One of them spoils its group. */
export interface Spoiling {
  /** Fewest spoilt groups with which the combination can be anything. */
  readonly breakdown: number;
  /** Where the corrupt sites are so many of the cohort: an adversary has got hold of them. */
  readonly ofSites: Spoilt;
  /** Where each site is corrupt by itself with so much chance: broken data, broken machines. */
  readonly byChance: Spoilt;
}

export interface Spoilt {
  /** Spoilt groups, on average, / groups. */
  readonly share: number;
  /** log2 of the probability that the combination breaks down, at most; -Infinity for never. */
  readonly log2BrokenDown: number;
}

/** @param corruptFraction of the cohort, 0 .. 1, whichever sites these are before the groups are drawn */
export function spoiling(compared: GroupComparison, corruptFraction: number): Spoiling {
  const { cohort, groups, combination } = compared;
  const least = breakdown(combination, groups);
  const corrupt = mostOf(corruptFraction, cohort);
  const chance = meanOverSizes(compared, (sites) => -Math.expm1(sites * Math.log1p(-corruptFraction)));
  return {
    breakdown: least,
    ofSites: {
      share: meanOverSizes(compared, (draws) => 2 ** log2AtLeast({ population: cohort, marked: corrupt, draws }, 1)),
      log2BrokenDown: Math.log2(spoiltAtLeast(compared, corrupt, least)),
    },
    // With groups of two sizes the mean of their chances for all: more spoilt than on average are then likelier, if anything
    // (Hoeffding 1956, "On the distribution of the number of successes in independent trials").
    byChance: { share: chance, log2BrokenDown: log2BinomialAtLeast(groups, chance, least) },
  };
}

function meanOverSizes({ cohort, groups }: GroupComparison, of: (sites: number) => number): number {
  const smallest = Math.floor(cohort / groups);
  const larger = cohort - groups * smallest;
  return ((groups - larger) * of(smallest) + larger * of(smallest + 1)) / groups;
}

/**
 * Probability that `corrupt` sites spoil `least` groups or more. The sites are placed one after the other: with k groups spoilt,
 * the next one is in another with probability (groups - k) * size / sites left. With two sizes of groups the larger is taken for
 * all, which can only make it likelier. The smallest of these probabilities is far above that of the least double: 1e-166 for
 * 2,500 groups.
 */
function spoiltAtLeast({ cohort, groups }: GroupComparison, corrupt: number, least: number): number {
  const size = Math.ceil(cohort / groups);
  const chance = new Float64Array(least + 1);
  chance[0] = 1;
  for (let placed = 0; placed < corrupt; placed++) {
    for (let spoilt = Math.min(placed, least - 1); spoilt >= 0; spoilt--) {
      const another = Math.min(1, ((groups - spoilt) * size) / (cohort - placed));
      chance[spoilt + 1]! += chance[spoilt]! * another;
      chance[spoilt]! *= 1 - another;
    }
  }
  return chance[least]!;
}
