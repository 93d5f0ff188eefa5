import { interval, type Interval } from '../evidence/bootstrap.ts';
import type { SiteSurvey } from './site-survey.ts';

/** The site's own reading of its survey. */
export interface SurveyReport {
  readonly customers: number;
  readonly examples: number;
  /** |g| / |theta| by parameter group. */
  readonly gradients: Readonly<Record<string, number>>;
  /** 95 % bootstrap intervals over the customers, by measure (see surveyMeasures). */
  readonly measures: Readonly<Record<string, Interval>>;
}

/** Draws of all resamples of one measure, about a tenth of a second. */
const DRAWS = 2_000_000;

export function surveyReport({ customers, examples, gradients, scores }: SiteSurvey, seed: number): SurveyReport {
  const resamples = Math.max(100, Math.min(1000, Math.floor(DRAWS / customers)));
  return {
    customers,
    examples,
    gradients: Object.fromEntries(gradients),
    measures: Object.fromEntries(
      [...scores].map(([measure, values]) => [measure, interval(values, { confidence: 0.95, resamples, seed })]),
    ),
  };
}
