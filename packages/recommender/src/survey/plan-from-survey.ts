import type { PlanEvidence, PlanGroup, PlanTemplate } from '@noren/protocol';
import { modalities, type RecommenderConfig } from '../config/recommender-config.ts';
import { RecommenderError } from '../errors.ts';
import { parameterGroups } from '../parameters/groups.ts';
import type { Choice } from './choice.ts';
import { chooseGroups, leaveOutGroups, type Tolerance } from './choose-groups.ts';
import { chooseModalities } from './choose-modalities.ts';
import { chooseStart, SURELY } from './choose-start.ts';
import { estimateOf } from './estimate.ts';
import { isItemSide, type PlanStart } from './survey-plan.ts';
import { openedSurvey } from './survey-vector.ts';

/**
 * `auto` chooses the fewest bytes that gain about as much as anything. `adaptive` chooses what promises the best models: where the
 * item side starts, which modalities take part, and what is better left out.
 */
export const surveyedPlans = ['adaptive', 'auto'] as const;
export type SurveyedPlan = (typeof surveyedPlans)[number];

/** A survey round as the coordinator keeps it. */
export interface SurveyRecord {
  readonly round: number;
  /** Content address of the ring sum. */
  readonly sum: string;
  /** The plan the round ran under. */
  readonly plan: PlanTemplate;
  /** Weighted mean of the sites' vectors, and the sum of their weights. */
  readonly mean: readonly number[];
  readonly weight: number;
}

export interface SurveyChoiceOptions {
  readonly tolerance?: Tolerance;
  /** One-sided, over sites, of the rollout's steps and of the backbone's worth. */
  readonly confidence?: number;
}

/** A probe of a few epochs cannot tell sets that differ by less. */
const DEFAULT_TOLERANCE: Tolerance = { ndcg: 0.005 };
/**
 * Low, because it only orders what is tried: the no-harm gate of every site stands behind the choice with its own, and
 * leaving out a modality that helps costs as much as letting in one that does not.
 */
const DEFAULT_CONFIDENCE = 0.6;

/**
 * The plan that a survey's evidence speaks for. Everything the evidence says nothing of (training, deadlines, gate, ...) is
 * that of `like`; what is not re-learned is frozen.
 *
 * @throws RecommenderError `survey-invalid` when the survey is of another model, or did not measure what the choice needs
 */
export function planFromSurvey(
  kind: SurveyedPlan,
  config: RecommenderConfig,
  record: SurveyRecord,
  o: SurveyChoiceOptions & { readonly like: PlanTemplate },
): PlanTemplate {
  const { survey, groups: surveyed } = record.plan;
  const names = parameterGroups(config).map(({ name }) => name);
  const isOther = names.some((name) => !(name in surveyed)) || Object.keys(surveyed).length !== names.length;
  if (survey === undefined || isOther) {
    throw new RecommenderError('survey-invalid', 'The survey is of another backbone. Start one for this backbone.');
  }
  const { tolerance = DEFAULT_TOLERANCE, confidence = DEFAULT_CONFIDENCE } = o;
  const opened = openedSurvey({ groups: surveyed, survey }, record.mean, record.weight);
  const start = kind === 'auto' ? given<PlanStart>('pretrained') : chooseStart(opened, confidence);
  const stage = kind === 'auto' ? given(o.like.modalities) : chooseModalities(opened, start.value, confidence);
  const question = { config, survey, start: start.value, stage: stage.value };
  const learned =
    kind === 'auto'
      ? chooseGroups(opened, { ...question, tolerance })
      : leaveOutGroups(opened, { ...question, confidence: SURELY });
  const choices: readonly Choice<unknown>[] = [start, stage, learned];
  const groupOf = (name: string): PlanGroup => {
    if (!learned.value.includes(name)) return { start: 'pretrained', scope: 'frozen' };
    return { start: start.value === 'reinit' && isItemSide(name) ? 'reinit' : 'pretrained', scope: 'federated' };
  };
  const evidence: PlanEvidence = {
    round: record.round,
    sum: record.sum,
    sites: opened.sites,
    decisions: choices.map(({ decision }) => decision).filter((decision) => decision !== ''),
    figures: Object.fromEntries(
      choices
        .flatMap(({ measures }) => measures)
        .map((measure) => {
          const { mean, standardError } = estimateOf(opened, measure);
          // JSON has no infinity; one site alone tells nothing of the spread, and no NDCG differs by more than 1.
          return [measure, { mean, standardError: Math.min(1, standardError) }];
        }),
    ),
  };
  return {
    ...o.like,
    name: kind,
    groups: Object.fromEntries(names.map((name) => [name, groupOf(name)])),
    modalities: modalities.filter((modality) => stage.value.includes(modality)),
    evidence,
  };
}

/** What the kind of plan fixes without asking. */
function given<T>(value: T): Choice<T> {
  return { value, decision: '', measures: [] };
}
