/** What the rounds so far say of a site. */
export interface Suspicion {
  /** Log-likelihood ratio of "spoils its groups" to "does not", never below 0. */
  readonly score: number;
  /** Rounds in which one of its groups was compared, and in which that group stood out. */
  readonly rounds: number;
  readonly outlying: number;
}

export const UNSUSPECTED: Suspicion = { score: 0, rounds: 0, outlying: 0 };

/** One group of a round in which groups were compared. */
export interface ComparedGroup {
  readonly sites: readonly string[];
  readonly outlying: boolean;
}

/** How often the group of a site that spoils stands out: a harder test than "always", for a spoiler may rest. */
const OUTLYING_IF_SPOILT = 0.6;

/** False alarms: one site in so many rounds of the whole federation. */
const ROUNDS_PER_FALSE_ALARM = 1000;

/**
 * What one more round says of its sites: group testing over rounds, each with groups drawn anew. Single updates stay unseen; a
 * site that is again and again in the group that stands out is found all the same.
 *
 * The score is Page's cumulative sum (Biometrika 1954): it grows by ln(0.6 / p) with every outlying group and falls by
 * ln((1 - p) / 0.4) with every other, p being the share of outlying groups in the round; and as it does not fall below 0, good
 * conduct cannot be saved up. Where half of the groups and more stand out, nothing can be told.
 *
 * @returns the sites of these groups, with their new suspicion
 */
export function suspicionAfter(
  before: ReadonlyMap<string, Suspicion>,
  groups: readonly ComparedGroup[],
): ReadonlyMap<string, Suspicion> {
  const outlying = groups.filter((group) => group.outlying).length;
  const after = new Map<string, Suspicion>();
  if (groups.length < 3 || 2 * outlying >= groups.length) return after;
  // As if half a group more had stood out, so that a first one is no proof.
  const share = (outlying + 0.5) / (groups.length + 1);
  const steps = {
    worse: Math.log(OUTLYING_IF_SPOILT / share),
    better: Math.log((1 - OUTLYING_IF_SPOILT) / (1 - share)),
  };
  for (const group of groups) {
    for (const site of group.sites) {
      const { score, rounds, outlying: times } = before.get(site) ?? UNSUSPECTED;
      after.set(site, {
        score: Math.max(0, score + (group.outlying ? steps.worse : steps.better)),
        rounds: rounds + 1,
        outlying: times + (group.outlying ? 1 : 0),
      });
    }
  }
  return after;
}

/**
 * The score from which a site is left out of the rounds. A cumulative sum of log-likelihood ratios passes h once in e^h rounds at
 * most where nothing is wrong (Lorden 1971); with one for each of `sites` sites, h = ln(1000 sites) makes that one site in a
 * thousand rounds.
 */
export function suspicionLimit(sites: number): number {
  return Math.log(ROUNDS_PER_FALSE_ALARM * Math.max(1, sites));
}
