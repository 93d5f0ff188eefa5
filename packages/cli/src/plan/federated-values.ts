import { surveyLength, type PlanTemplate } from '@noren/protocol';
import { parameterGroups, type RecommenderConfig } from '@noren/recommender';

/** Values of a site's update under the plan, or of its survey. */
export function federatedValues(plan: PlanTemplate, config: RecommenderConfig): number {
  const { groups, survey } = plan;
  if (survey !== undefined) return surveyLength({ groups, survey });
  return parameterGroups({ ...config, adapterRank: plan.adapters?.rank ?? 0 })
    .filter(({ name }) => groups[name]?.scope === 'federated')
    .flatMap(({ tensors }) => tensors)
    .reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0);
}
