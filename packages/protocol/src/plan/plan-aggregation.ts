import type { GroupingRule, Topology } from '@noren/secure-aggregation';
import { z } from 'zod';

import type { PlanFault } from './plan-survey.ts';

/** Sites of one round, in all its groups. */
export const MAXIMUM_COHORT = 10_000;
/** Of the 32 bits of a ring element, the sum of a flat cohort takes ceil(log2 10,000). */
const MAXIMUM_FLAT_VALUE_BITS = 18;
/** Of less than three groups none can be told from the others. */
export const FEWEST_ROBUST_GROUPS = 3;

/**
 * - `private`: groups as large as can be, one up to 128 sites and else of about a hundred; their sums are added. Or `flat`: the
 *   whole cohort masks together, however large, and there is one sum
 * - `robust`: many small groups of `groupSize` sites and a few more, whose means are combined so that some spoilt groups do no
 *   harm. Each sum hides a site among few: it wants noise, or sites that trust one another
 */
export type Aggregation =
  | {
      readonly profile: 'private';
      /** `groups` where the plan does not say. */
      readonly topology?: Topology | undefined;
    }
  | {
      readonly profile: 'robust';
      /** 4 .. 64. */
      readonly groupSize: number;
      readonly combine: 'median' | 'trimmed-mean' | 'geometric-median';
    };

export const aggregationSchema: z.ZodType<Aggregation> = z.discriminatedUnion('profile', [
  z.strictObject({ profile: z.literal('private'), topology: z.enum(['groups', 'flat']).optional() }),
  z.strictObject({
    profile: z.literal('robust'),
    groupSize: z.int().min(4).max(64),
    combine: z.enum(['median', 'trimmed-mean', 'geometric-median']),
  }),
]);

/** How a plan's cohorts are divided, by their size. */
export function groupingRule(aggregation: Aggregation | undefined): GroupingRule {
  if (aggregation?.profile === 'robust') return { groupSize: aggregation.groupSize };
  return { groupSize: null, topology: aggregation?.topology ?? 'groups' };
}

interface PlanParts {
  readonly aggregation?: Aggregation | undefined;
  readonly cohort: { readonly minimumSites: number };
  readonly update: { readonly valueBits?: number | undefined };
}

/** What the way of adding up does not go with; null if it goes with all. */
export function aggregationFault({ aggregation, cohort, update }: PlanParts): PlanFault | null {
  if (aggregation?.profile === 'robust') {
    const least = FEWEST_ROBUST_GROUPS * aggregation.groupSize;
    if (cohort.minimumSites >= least) return null;
    const message = `a robust round compares ${FEWEST_ROBUST_GROUPS} groups or more, so that it needs at least ${least} sites`;
    return { path: ['cohort', 'minimumSites'], message };
  }
  if (aggregation?.topology !== 'flat' || (update.valueBits ?? 0) <= MAXIMUM_FLAT_VALUE_BITS) return null;
  const message = `a flat sum may have ${MAXIMUM_COHORT} sites, which leaves values ${MAXIMUM_FLAT_VALUE_BITS} bits at most`;
  return { path: ['update', 'valueBits'], message };
}
