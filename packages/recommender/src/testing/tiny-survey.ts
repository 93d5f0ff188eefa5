import { defaultTraining, type PlanTemplate, type SurveyProbe } from '@noren/protocol';
import type { ItemFeatures, Modality } from '@noren/dataset';
import type { Backbone } from '../backbone/backbone-file.ts';
import { parameterGroups } from '../parameters/groups.ts';
import { freshValues } from '../parameters/start-values.ts';
import type { ModelValues } from '../parameters/values.ts';
import { seededRandom } from '../random/seeded-random.ts';
import { prepareStudy, type Study } from '../study/study.ts';
import type { SurveyRecord } from '../survey/plan-from-survey.ts';
import { takeSurvey } from '../survey/site-survey.ts';
import { defaultSurvey, surveyTemplate } from '../survey/survey-plan.ts';
import { surveyVector } from '../survey/survey-vector.ts';
import { openRelearner, type Relearner } from '../training/relearner.ts';
import type { RuntimeOptions } from '../training/trainer.ts';
import { tinyConfig, tinyFeatures, tinySequences } from './tiny-study.ts';

export const surveyConfig: typeof tinyConfig = { ...tinyConfig, priorWeight: 0 };
const ITEMS = 40;
/** Models this small only lose by more. */
const runtime: RuntimeOptions = { threads: 1 };

/** What a tiny federation's rounds would otherwise run under. */
export const tinyPlan: PlanTemplate = {
  ...defaultTraining(
    'fine-tune',
    Object.fromEntries(
      parameterGroups(surveyConfig).map(({ name }) => [name, { start: 'pretrained', scope: 'federated' } as const]),
    ),
  ),
  training: {
    epochs: 4,
    batchSize: 32,
    learningRate: 0.01,
    weightDecay: 0,
    augmentation: { thinning: 0, shuffling: 0 },
    objective: { kind: 'plain' },
    order: { kind: 'together' },
  },
  update: { clipNorm: 10, maximumWeight: 1000 },
};

function tinyShop(features: ItemFeatures, customers: number, seed: number): Study {
  return prepareStudy({ config: surveyConfig, features, sequences: tinySequences(customers, ITEMS, seed), seed: 1 });
}

/** Shops of 100 customers whose items are described by these features. */
export function openShops(count: number, features: (site: number) => ItemFeatures): readonly Relearner[] {
  return Array.from({ length: count }, (_, site) => openRelearner(tinyShop(features(site), 100, site), runtime));
}

/** Headquarters' catalogue, whose language every tiny shop speaks unless it is dealt anew. */
export const language: ItemFeatures = tinyFeatures(surveyConfig, ITEMS);

/** Every modality's rows dealt to other items: what headquarters learned about descriptions is wrong here. */
export function dealtAnew(features: ItemFeatures, seed: number): ItemFeatures {
  const order = seededRandom(seed, 'dealt anew').shuffle(
    Int32Array.from({ length: features.items }, (_, item) => item),
  );
  const deal = ({ dimension, data, present }: Modality): Modality => ({
    dimension,
    present,
    data: Float32Array.from(
      data,
      (_, at) => data[(order[Math.floor(at / dimension)] ?? 0) * dimension + (at % dimension)] ?? 0,
    ),
  });
  return { ...features, text: deal(features.text), image: deal(features.image), price: deal(features.price) };
}

export async function trainedBackbone(): Promise<Backbone> {
  const relearner = openRelearner(tinyShop(language, 200, 1000), runtime);
  const { values } = await relearner.relearn({
    values: freshValues(surveyConfig, 7),
    trainable: () => true,
    modalities: ['text', 'image', 'price'],
    epochs: 20,
    batchSize: 32,
    learningRate: 0.01,
    seed: 1,
  });
  await relearner.close();
  return backboneOf(values);
}

export function backboneOf(values: ModelValues): Backbone {
  const groups = parameterGroups(surveyConfig);
  return {
    config: surveyConfig,
    groups: groups.map(({ name }) => name),
    tensors: new Map(
      groups
        .flatMap(({ tensors }) => tensors)
        .map(({ name, shape }) => [name, { shape, data: values.get(name) ?? new Float32Array() }]),
    ),
  };
}

/** A survey of these probes over some shops, its vectors averaged in the clear. */
export async function surveyOf(
  backbone: Backbone,
  shops: readonly Relearner[],
  asks: (probe: SurveyProbe) => boolean,
): Promise<SurveyRecord> {
  const asked = defaultSurvey(surveyConfig).probes.filter(asks);
  const names = new Set(asked.map(({ name }) => name));
  const probes = asked.map((probe) => ({ ...probe, against: probe.against.filter((other) => names.has(other)) }));
  const plan = surveyTemplate(surveyConfig, { like: tinyPlan, epochs: 6, survey: { version: 1, probes } });
  const { survey, groups, training, update, seed } = plan;
  if (survey === undefined) throw new TypeError('the plan is no survey');
  const mean: number[] = [];
  let total = 0;
  for (const shop of shops) {
    const measured = await takeSurvey(shop, { backbone, survey, training: { ...training, seed } });
    const weight = Math.min(1, measured.examples / update.maximumWeight);
    surveyVector({ groups, survey }, measured, weight).forEach(
      (value, at) => (mean[at] = (mean[at] ?? 0) + weight * value),
    );
    total += weight;
  }
  return { round: 3, sum: 'ab'.repeat(32), plan, mean: mean.map((value) => value / total), weight: total };
}
