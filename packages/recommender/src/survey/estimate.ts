import { RecommenderError } from '../errors.ts';
import { studentQuantile } from '../evidence/student-quantile.ts';
import type { Estimate, OpenedSurvey } from './survey-vector.ts';

/** @throws RecommenderError `survey-invalid` when the survey did not measure it */
export function estimateOf(survey: OpenedSurvey, measure: string): Estimate {
  const found = survey.estimates.get(measure);
  if (found !== undefined) return found;
  throw new RecommenderError(
    'survey-invalid',
    `The survey did not measure ${measure}. Start a new one with the defaults.`,
  );
}

/** What a measure's mean exceeds with this one-sided confidence, by Student's t over the sites. */
export function lowerBoundOverSites(survey: OpenedSurvey, measure: string, confidence: number): number {
  const { mean, standardError } = estimateOf(survey, measure);
  if (!Number.isFinite(standardError)) return Number.NEGATIVE_INFINITY;
  return mean - studentQuantile(confidence, Math.max(1, survey.sites - 1)) * standardError;
}
