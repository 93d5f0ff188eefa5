import { parsePlanTemplate } from './plan-document.ts';
import type { PlanTemplate } from './plan.ts';
import { FEWEST_ROBUST_GROUPS } from './plan-aggregation.ts';
import type { Aggregation } from './plan-aggregation.ts';

/**
 * A template whose cohorts are divided into small groups that are compared, with as many sites as that needs at least.
 *
 * @throws PlanError where the template cannot be so, for instance because it is private
 */
export function robustAggregation(
  template: PlanTemplate,
  { groupSize, combine }: Pick<Extract<Aggregation, { profile: 'robust' }>, 'groupSize' | 'combine'>,
): PlanTemplate {
  const { cohort } = template;
  const minimumSites = Math.max(cohort.minimumSites, FEWEST_ROBUST_GROUPS * groupSize);
  return parsePlanTemplate(
    JSON.stringify({
      ...template,
      aggregation: { profile: 'robust', groupSize, combine },
      cohort: { ...cohort, minimumSites },
    } satisfies PlanTemplate),
  );
}
