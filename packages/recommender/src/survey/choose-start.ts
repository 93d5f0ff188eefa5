import { shown, type Choice } from './choice.ts';
import { estimateOf, lowerBoundOverSites } from './estimate.ts';
import { EVERYTHING, REINITIALISED, type PlanStart } from './survey-plan.ts';
import type { OpenedSurvey } from './survey-vector.ts';

/**
 * One-sided confidence with which a plan departs from re-learning everything from the backbone. High, because the spread over
 * sites does not hold all of the luck of a short training, and because what is thrown away does not come back.
 */
export const SURELY = 0.95;

/**
 * Where the item side begins. From the backbone's values, unless a fresh start is surely ahead of them after equally long probes;
 * or unless the backbone's network ranks no better here than chance, and a fresh start is not
 * behind by more than a standard error: then there is nothing worth keeping.
 *
 * @param confidence one-sided, that the backbone knows something
 */
export function chooseStart(survey: OpenedSurvey, confidence: number): Choice<PlanStart> {
  const measure = `gain.${REINITIALISED}/${EVERYTHING}`;
  const measures = [measure, 'backbone/none'];
  const { mean, standardError } = estimateOf(survey, measure);
  const ahead = lowerBoundOverSites(survey, measure, SURELY) > 0;
  const informed = lowerBoundOverSites(survey, 'backbone/none', confidence) > 0;
  const apart = `a fresh item side gains ${shown(mean)} NDCG over the backbone's (standard error ${standardError.toFixed(4)})`;
  if (ahead) {
    return { value: 'reinit', decision: `The item side starts anew: ${apart}.`, measures };
  }
  if (!informed && mean >= -standardError) {
    const why = `the backbone's network ranks no better than chance (${shown(estimateOf(survey, 'backbone/none').mean)} NDCG)`;
    return { value: 'reinit', decision: `The item side starts anew: ${why}, and ${apart}.`, measures };
  }
  return { value: 'pretrained', decision: `The item side starts from the backbone: ${apart}.`, measures };
}
