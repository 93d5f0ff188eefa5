import type { PlanTemplate } from '@noren/protocol';

import type { RoundRules } from './round-state.ts';

/** The part of a plan that the machine decides by; a plan's seconds become milliseconds. */
export function roundRules(plan: PlanTemplate): RoundRules {
  const { recruiting, keys, relearning, unmasking, evaluating } = plan.deadlines;
  const milliseconds = (seconds: number): number => Math.ceil(seconds * 1000);
  return {
    minimumSites: plan.cohort.minimumSites,
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
