import { parsePlanTemplate } from './plan-document.ts';
import type { PlanTemplate } from './plan.ts';

/**
 * A template made private with values to start from: every round a twentieth of the customers, noise multiplier 1, one of
 * five sites in league with the coordinator. `noren plan privacy` says what it costs.
 *
 * @param customers about how many the federation has
 * @throws PlanError where the template shares what a private plan cannot
 */
export function privateTraining(template: PlanTemplate, customers: number): PlanTemplate {
  return parsePlanTemplate(
    JSON.stringify({
      ...template,
      update: { ...template.update, clipNorm: 100 },
      // The step is one gradient of norm 1 at most, not the way of several epochs.
      server: { optimizer: 'fedavg', learningRate: 0.5 },
      cohort: { ...template.cohort, minimumSites: Math.max(5, template.cohort.minimumSites) },
      privacy: {
        unit: 'customer',
        mode: 'distributed',
        clipNorm: 1,
        noiseMultiplier: 1,
        samplingRate: 0.05,
        customers,
        delta: 0.1 / customers,
        minimumHonest: 3,
        colluding: 1,
        sitesPerCustomer: 1,
        homes: null,
      },
    } satisfies PlanTemplate),
  );
}
