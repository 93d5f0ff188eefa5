import type { ModalityName } from '../config/recommender-config.ts';
import { shown, type Choice } from './choice.ts';
import { estimateOf, lowerBoundOverSites } from './estimate.ts';
import { rolloutStages, stageProbe, type PlanStart } from './survey-plan.ts';
import type { OpenedSurvey } from './survey-vector.ts';

/**
 * The rollout: text first, then whatever the evidence says. A stage is taken when models that were re-learned in it are
 * better than those of the stage before, site by site, with the stated one-sided confidence; of several the one that gains
 * most. It goes on until no further stage is. A step may add both other modalities at once where only the pair shows.
 */
export function chooseModalities(
  survey: OpenedSurvey,
  start: PlanStart,
  confidence: number,
): Choice<readonly ModalityName[]> {
  let stage = rolloutStages[0] as readonly ModalityName[];
  const measures: string[] = [];
  const steps: string[] = [];
  for (;;) {
    const from = stage;
    const gainOf = (to: readonly ModalityName[]): string => `gain.${stageProbe(start, to)}/${stageProbe(start, from)}`;
    const larger = rolloutStages.filter((to) => to.length > from.length && from.every((one) => to.includes(one)));
    measures.push(...larger.map(gainOf));
    const next = larger
      .filter((to) => lowerBoundOverSites(survey, gainOf(to), confidence) > 0)
      .toSorted((a, b) => estimateOf(survey, gainOf(b)).mean - estimateOf(survey, gainOf(a)).mean)[0];
    if (next === undefined) break;
    const added = next.filter((one) => !from.includes(one)).join(' and ');
    steps.push(`then ${added} (${shown(estimateOf(survey, gainOf(next)).mean)} NDCG)`);
    stage = next;
  }
  const rest = stage.length === 3 ? '' : '; nothing else shows a gain';
  const percent = `${Math.round(100 * confidence)} %`;
  const decision = `Modalities: ${['text', ...steps].join(', ')}${rest} at ${percent} confidence.`;
  return { value: stage, decision, measures };
}
