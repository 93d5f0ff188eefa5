import { FEWEST_ROBUST_GROUPS, fewestSurvivors } from '@noren/protocol';
import type { PlanTemplate } from '@noren/protocol';
import type { Grouping } from '@noren/secure-aggregation';

import type { RoundRules } from './round-state.ts';

/** The part of a plan that the machine decides by; a plan's seconds become milliseconds. */
export function roundRules(plan: PlanTemplate, grouping: Grouping): RoundRules {
  const { recruiting, keys, relearning, unmasking, evaluating } = plan.deadlines;
  const milliseconds = (seconds: number): number => Math.ceil(seconds * 1000);
  return {
    grouping,
    minimumSites: plan.cohort.minimumSites,
    minimumSurvivors: fewestSurvivors(plan.privacy),
    minimumGroups: plan.aggregation?.profile === 'robust' ? FEWEST_ROBUST_GROUPS : 1,
    quorum: plan.cohort.quorum,
    deadlines: {
      recruiting: milliseconds(recruiting),
      keys: milliseconds(keys),
      relearning: milliseconds(relearning),
      unmasking: milliseconds(unmasking),
      evaluating: milliseconds(evaluating),
    },
    gate: plan.gate,
    weightCap: plan.update.maximumWeight,
    silentEvaluation: plan.privacy != null,
    survey: plan.survey !== undefined,
  };
}
