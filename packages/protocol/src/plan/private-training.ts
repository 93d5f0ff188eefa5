import { parsePlanTemplate } from './plan-document.ts';
import type { AdaptiveClipNorm } from './plan-clipping.ts';
import type { PlanTemplate } from './plan.ts';

const SAMPLING_RATE = 0.05;

/**
 * A template made private with values to start from: every round a twentieth of the customers, noise multiplier 1, one of
 * five sites in league with the coordinator. `noren plan privacy` says what it costs.
 *
 * @param customers about how many the federation has
 * @param clipping whether the clip norm stays 1, or begins at 0.1 and follows the median of the gradients' norms, as Andrew et
 *   al. 2021 begin
 * @throws PlanError where the template has what a private plan cannot
 */
export function privateTraining(
  template: PlanTemplate,
  customers: number,
  clipping: 'fixed' | 'adaptive' = 'fixed',
): PlanTemplate {
  const clipNorm = clipping === 'fixed' ? 1 : 0.1;
  return parsePlanTemplate(
    JSON.stringify({
      ...template,
      // A hundred customers' whole gradients; adapted, at most what a site allows unless it says otherwise.
      update: { ...template.update, clipNorm: 100 * clipNorm },
      // The step is one gradient of norm 1 at most, not the way of several epochs.
      server: { optimizer: 'fedavg', learningRate: 0.5 },
      cohort: { ...template.cohort, minimumSites: Math.max(5, template.cohort.minimumSites) },
      privacy: {
        unit: 'customer',
        mode: 'distributed',
        clipNorm,
        ...(clipping === 'fixed' ? {} : { clipping: medianClipNorm(customers) }),
        noiseMultiplier: 1,
        samplingRate: SAMPLING_RATE,
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

/** The paper's values; a twentieth of the sampled customers is no noise to speak of in a small federation, so at least 1. */
function medianClipNorm(customers: number): AdaptiveClipNorm {
  const countNoise = Math.max(1, (SAMPLING_RATE * customers) / 20);
  return { kind: 'adaptive', quantile: 0.5, learningRate: 0.2, countNoise, minimum: 0.001, maximum: 1 };
}
