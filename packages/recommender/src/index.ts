export { RecommenderError, type RecommenderErrorCode } from './errors.ts';

// The model
export {
  modalities,
  parseRecommenderConfig,
  recommenderConfigSchema,
  type ModalityName,
  type RecommenderConfig,
} from './config/recommender-config.ts';
export { groupOf, parameterGroups, type ModelParameter, type ParameterGroup } from './parameters/groups.ts';
export { backboneValues, freshValues, startValues } from './parameters/start-values.ts';
export { checkValues, type ModelValues } from './parameters/values.ts';
export { mergeAdapters, withAdapters } from './parameters/with-adapters.ts';
export { withIdentity } from './parameters/with-identity.ts';
export { interpolate } from './parameters/interpolate.ts';
export { readBackbone, writeBackbone, type Backbone } from './backbone/backbone-file.ts';
export { releaseFile, withRelease } from './backbone/release-file.ts';
export { presetGroups, presetPlan } from './presets/preset-plan.ts';

// A site's data, training and scoring
export { firstPurchases } from './study/first-purchases.ts';
export { boughtItems, prepareStudy, type EvaluationSet, type Study } from './study/study.ts';
export { openRelearner, type RankerOptions, type Relearner, type ScoreOptions } from './training/relearner.ts';
export type { Augmentation } from './study/augmented-windows.ts';
export type { EpochReport, Relearned, RelearnOptions, Rivals } from './training/relearn-options.ts';
export type { RuntimeOptions } from './training/trainer.ts';
export { trainLocalRound, type LocalRoundOptions } from './training/local-round.ts';
export { personalise, type PersonaliseOptions, type Personalised, type PersonalModel } from './training/personalise.ts';
export {
  customerGradientSum,
  type CustomerGradientSum,
  type CustomerGradientSumOptions,
} from './private-training/customer-gradient-sum.ts';
export { relearnPrivately } from './private-training/relearn-privately.ts';
export type {
  NoiseHook,
  PrivatelyRelearned,
  PrivateRelearnOptions,
  PrivateStepReport,
} from './private-training/private-relearn-options.ts';
export { pretrain, type PretrainOptions } from './training/pretrain.ts';
export { trainReferences, type ReferenceOptions, type References } from './training/references.ts';
export { sitePrior, type SitePrior } from './scoring/site-prior.ts';
export { openRecommender, type Recommendation, type Recommender } from './serving/recommender.ts';

// Evidence
export {
  evaluate,
  type Accuracy,
  type ColdSlice,
  type CutoffReport,
  type EvaluateOptions,
  type EvaluationReport,
} from './scoring/evaluate.ts';
export type { HistoryRule, Ranker, Scores } from './scoring/ranker.ts';
export { customerScores, type CustomerScores } from './scoring/customer-scores.ts';
export { hitRate, mean, ndcg, reciprocalRank } from './scoring/metrics.ts';
export { rankOfTarget } from './scoring/ranks.ts';
export { seededRandom, type SeededRandom } from './random/seeded-random.ts';
export { interval, lowerBound, type BootstrapOptions, type Interval } from './evidence/bootstrap.ts';
export {
  noHarmGate,
  type GateComparison,
  type GateOptions,
  type GateReason,
  type GateVerdict,
} from './evidence/no-harm-gate.ts';
export { differences, standardDeviation } from './evidence/paired.ts';
export { strategies, type Strategy } from './evidence/strategy.ts';

// What a model is compared with
export { openBaselines, type BaselineOptions, type Baselines } from './baselines/baselines.ts';
export { trainIdentityModel, type IdentityModel, type IdentityModelOptions } from './baselines/identity-model.ts';
export {
  coOccurrence,
  coOccurrenceScores,
  type CoOccurrence,
  type CoOccurrenceOptions,
} from './baselines/co-occurrence.ts';
export { popularity } from './baselines/popularity.ts';

// What to re-learn, from data
export { takeSurvey, type SiteSurvey, type SurveyTraining } from './survey/site-survey.ts';
export { gradientRatio, openedSurvey, surveyVector, type Estimate, type OpenedSurvey } from './survey/survey-vector.ts';
export { surveyReport, type SurveyReport } from './survey/survey-report.ts';
export { surveyTemplate } from './survey/survey-plan.ts';
export {
  planFromSurvey,
  surveyedPlans,
  type SurveyChoiceOptions,
  type SurveyedPlan,
  type SurveyRecord,
} from './survey/plan-from-survey.ts';
export type { Tolerance } from './survey/choose-groups.ts';
