import { modalitySubsets, subsetMeasure, type PlanSurvey } from '@noren/protocol';
import type { Backbone } from '../backbone/backbone-file.ts';
import { modalities, type ModalityName } from '../config/recommender-config.ts';
import { RecommenderError } from '../errors.ts';
import { differences } from '../evidence/paired.ts';
import { backboneValues, startValues } from '../parameters/start-values.ts';
import type { ModelValues } from '../parameters/values.ts';
import type { Relearner } from '../training/relearner.ts';
import { chanceNdcg } from './chance-ndcg.ts';
import { relativeGradients } from './relative-gradients.ts';
import { shapleyValues } from './shapley.ts';

/** Probes never see a customer they are judged on, and neither early stopping nor the gate asks these customers. */
const JUDGED_ON = 'proposal';

export interface SurveyTraining {
  /** Of each probe. */
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly seed: number;
}

/** What one site measured. It stays there; `surveyVector` says what leaves. */
export interface SiteSurvey {
  /** Customers the qualities are measured on. */
  readonly customers: number;
  /** Training examples. */
  readonly examples: number;
  /** |g| / |theta| at the backbone, by parameter group. */
  readonly gradients: ReadonlyMap<string, number>;
  /** All other measures (see surveyMeasures), a value for each customer. */
  readonly scores: ReadonlyMap<string, Float64Array>;
}

/**
 * Measures what a survey asks for on one site's data. Every probe starts from the backbone and is thrown away.
 *
 * @throws RecommenderError `study-invalid` when the site has no customer to judge on
 */
export async function takeSurvey(
  relearner: Relearner,
  o: {
    readonly backbone: Backbone;
    readonly survey: PlanSurvey;
    readonly training: SurveyTraining;
    readonly onProgress?: (fraction: number) => void;
    readonly signal?: AbortSignal;
  },
): Promise<SiteSurvey> {
  const { study } = relearner;
  if (study.split.proposal.length === 0) {
    throw new RecommenderError(
      'study-invalid',
      'No customer is left to judge a probe on. Give the site more customers.',
    );
  }
  const { backbone, survey, training } = o;
  const signal = o.signal === undefined ? {} : { signal: o.signal };
  const score = async (values: ModelValues, stage: readonly ModalityName[], alone = false): Promise<Float64Array> => {
    // Alone: without the site's own counts, which know much of what the network should.
    const prior = alone ? { priorWeight: 0 } : {};
    return (await relearner.score({ values, modalities: stage, on: JUDGED_ON, ...prior, ...signal })).ndcg;
  };

  const pretrained = backboneValues(backbone);
  const { batchSize, seed } = training;
  const gradient = await relearner.gradient({ values: pretrained, modalities, batchSize, seed, ...signal });
  const gradients = relativeGradients(backbone.config, pretrained, gradient);

  const subsets: Float64Array[] = [];
  for (const subset of modalitySubsets) {
    subsets.push(subset.length === 0 ? chanceNdcg(study, JUDGED_ON) : await score(pretrained, subset, true));
  }
  const asIs = await score(pretrained, modalities);

  const probed = new Map<string, Float64Array>();
  for (const [at, probe] of survey.probes.entries()) {
    o.onProgress?.(at / survey.probes.length);
    const groups = backbone.groups.map((name) => [
      name,
      { start: probe.reinit.includes(name) ? ('reinit' as const) : ('pretrained' as const) },
    ]);
    const { values } = await relearner.relearn({
      ...training,
      values: startValues(backbone, Object.fromEntries(groups), seed),
      trainable: (group) => probe.trained.includes(group),
      modalities: probe.modalities,
      ...signal,
    });
    probed.set(probe.name, await score(values, probe.modalities));
  }
  const scores = new Map([
    ['backbone', asIs],
    ['backbone/none', differences(subsets.at(-1) as Float64Array, subsets[0] as Float64Array)],
  ]);
  for (const { name, against } of survey.probes) {
    const own = probed.get(name) as Float64Array;
    scores.set(`gain.${name}`, differences(own, asIs));
    for (const other of against) {
      scores.set(`gain.${name}/${other}`, differences(own, probed.get(other) as Float64Array));
    }
  }
  modalitySubsets.forEach((subset, at) => scores.set(subsetMeasure(subset), subsets[at] as Float64Array));
  const byCustomer = Array.from(asIs, (_, customer) =>
    shapleyValues(subsets.map((values) => values[customer] as number)),
  );
  modalities.forEach((modality, player) =>
    scores.set(
      `shapley.${modality}`,
      Float64Array.from(byCustomer, (shares) => shares[player] as number),
    ),
  );
  return { customers: asIs.length, examples: study.windows.examples, gradients, scores };
}
