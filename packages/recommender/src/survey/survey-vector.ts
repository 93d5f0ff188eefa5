import { surveyMeasures, type SurveyPlanParts } from '@noren/protocol';
import { mean } from '../scoring/metrics.ts';
import type { SiteSurvey } from './site-survey.ts';

/** What the cohort's sum says about one measure. */
export interface Estimate {
  /** Mean over the sites, weighted by their examples. */
  readonly mean: number;
  /** Of that mean, over sites; 0 when all agree, infinite where one site is all there is. */
  readonly standardError: number;
}

/** An opened survey: every measure's estimate over the sites. */
export interface OpenedSurvey {
  /** Kish's effective number of sites, (sum of w)^2 / sum of w^2: equal weights give the number of sites. */
  readonly sites: number;
  readonly estimates: ReadonlyMap<string, Estimate>;
}

const GRADIENT = 'gradient.';
/** Decades of |g| / |theta| that the range [-1, 1] holds: 1e-6 to 1e2. */
const CENTRE = -2;
const REACH = 4;

/**
 * A site's contribution, in the layout of `surveyMeasures`: its weight, then each measure and its square, all in [-1, 1].
 * Means over customers only.
 *
 * @param weight (0, 1], the one the vector is summed with: its own mean gives the effective number of sites
 */
export function surveyVector(plan: SurveyPlanParts, survey: SiteSurvey, weight: number): Float32Array {
  const values = surveyMeasures(plan).map((measure) => {
    const value = measure.startsWith(GRADIENT)
      ? squeezed(survey.gradients.get(measure.slice(GRADIENT.length)) ?? 0)
      : mean(survey.scores.get(measure) ?? new Float64Array());
    if (!(Math.abs(value) <= 1)) throw new TypeError(`${measure} is ${value}, outside -1 .. 1`);
    return value;
  });
  return Float32Array.from([weight, ...values.flatMap((value) => [value, value * value])]);
}

/** Reads the weighted mean of the sites' vectors. `weight`: sum of the sites' weights. */
export function openedSurvey(plan: SurveyPlanParts, vector: ArrayLike<number>, weight: number): OpenedSurvey {
  const sites = Math.max(1, weight / (vector[0] as number));
  const estimates = surveyMeasures(plan).map((measure, at) => {
    const value = vector[1 + 2 * at] as number;
    const variance = Math.max(0, (vector[2 + 2 * at] as number) - value * value);
    // Of a weighted mean, with Kish's number for n: variance / (n - 1) is unbiased where the weights are equal.
    const standardError = sites > 1 ? Math.sqrt(variance / (sites - 1)) : Number.POSITIVE_INFINITY;
    return [measure, { mean: value, standardError }] as const;
  });
  return { sites, estimates: new Map(estimates) };
}

/** The relative gradient norm that a `gradient.` measure stands for; a mean of them stands for the geometric mean. */
export function gradientRatio(value: number): number {
  return 10 ** (CENTRE + REACH * value);
}

function squeezed(ratio: number): number {
  return Math.max(-1, Math.min(1, (Math.log10(ratio) - CENTRE) / REACH));
}
