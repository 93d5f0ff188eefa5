import {
  backboneValues,
  interval,
  noHarmGate,
  strategies,
  type CustomerScores,
  type EvaluationSet,
  type GateVerdict,
  type ModelValues,
} from '@noren/recommender';
import type { Strategy } from '../home/state.ts';
import { readModel, writeModel } from './model-file.ts';
import { references } from './references-task.ts';
import { roundSeed, siteValues } from './relearn-task.ts';
import type { Evaluation, EvaluationJob, ServingModel, StrategyScore, TaskWatch } from './trainer.ts';
import type { Bench, Workbench } from './workbench.ts';

type Values = Map<string, Float32Array>;

/** How the task's time divides, roughly: references (mostly cached), two personalisations, scoring. */
const SHARES = { references: 0.4, candidate: 0.6, release: 0.8, gate: 0.9 };

/**
 * Judges a candidate for this site. The gate decides on its own customers, who stopped no training; what is reported
 * of each strategy comes from the test items; the difference between candidate and current release comes from the
 * gate's customers too, both personalised alike.
 */
export async function evaluate(workbench: Workbench, job: EvaluationJob, watch: TaskWatch): Promise<Evaluation> {
  const bench = await workbench.bench(job, job.backbone);
  const { plan } = job;
  const reached = (fraction: number): void => watch.onProgress?.(fraction);
  const { scratch, local } = await references(workbench, job, {
    ...watch,
    onProgress: (fraction) => reached(fraction * SHARES.references),
  });
  const federated = await personalised(bench, job, job.candidate, watch);
  reached(SHARES.candidate);
  const current = await personalised(bench, job, job.release, watch);
  reached(SHARES.release);

  const models: Readonly<Record<Strategy, Values>> = {
    scratch,
    backbone: backboneValues(bench.backbone),
    local,
    federated,
  };
  const score = (values: ModelValues, on: EvaluationSet): Promise<CustomerScores> =>
    bench.relearner.score({ values, modalities: plan.modalities, on, ...signalOf(watch) });
  const gateScores = await scoreAll(models, (values) => score(values, 'gate'));
  const service = await servedScores(workbench, job, watch);
  const verdict = noHarmGate({
    scores: gateScores,
    deployed: job.serving?.strategy ?? 'scratch',
    ...(service === null ? {} : { deployedScores: service }),
    confidence: plan.gate.confidence,
    margin: plan.gate.margin,
    seed: plan.seed,
  });
  const difference = pairedDifference(gateScores.federated, await score(current, 'gate'));
  reached(SHARES.gate);
  const testScores = await scoreAll(models, (values) => score(values, 'test'));

  const fileOf = (strategy: Strategy): ServingModel => {
    const { backbone, modalities } = plan;
    const description = { strategy, backbone, modalities };
    return { strategy, file: writeModel(bench.backbone.config, models[strategy], description) };
  };
  const rejected = fallback(verdict, job.serving !== null);
  return {
    customers: verdict.customers,
    chosen: verdict.chosen,
    adopted: verdict.adopted,
    explanation: verdict.explanation,
    scores: strategyScores(testScores, plan.seed),
    difference,
    accepted: verdict.adopted ? fileOf('federated') : rejected && fileOf(rejected),
    rejected: rejected && fileOf(rejected),
  };
}

/** A release or candidate as it would serve here. */
async function personalised(bench: Bench, job: EvaluationJob, release: string, watch: TaskWatch): Promise<Values> {
  const { plan } = job;
  const values = await siteValues(job, bench.backbone, release);
  if (plan.personalisation === null) return values;
  const { epochs, learningRate } = plan.personalisation;
  const { values: own } = await bench.relearner.relearn({
    values,
    trainable: (group) => plan.groups[group]?.scope !== 'frozen',
    modalities: plan.modalities,
    epochs,
    batchSize: plan.training.batchSize,
    learningRate,
    weightDecay: plan.training.weightDecay,
    seed: roundSeed(plan),
    // As many epochs as help: a site on which personalisation does harm keeps the release as it came.
    earlyStopping: { patience: epochs },
    ...signalOf(watch),
  });
  return own;
}

/** Gate scores of what is in service, with the features of its own backbone; null when nothing usable is. */
async function servedScores(
  workbench: Workbench,
  job: EvaluationJob,
  watch: TaskWatch,
): Promise<CustomerScores | null> {
  if (job.serving === null) return null;
  const { values, description } = await readModel(job.serving.model);
  const { relearner } = await workbench.bench(job, job.serving.backbone);
  return relearner.score({ values, modalities: description.modalities, on: 'gate', ...signalOf(watch) });
}

/**
 * What to serve when the candidate does not: the best other strategy that the gate let pass. When none passed, what is in
 * service stays (null), and a site without anything in service begins with its own scratch model.
 */
function fallback(verdict: GateVerdict, serves: boolean): Exclude<Strategy, 'federated'> | null {
  const passed = (strategy: Strategy): boolean =>
    verdict.comparisons.length > 0 &&
    verdict.comparisons.every((comparison) => comparison.strategy !== strategy || comparison.passed);
  const quality = (strategy: Strategy): number =>
    verdict.scores.find((score) => score.strategy === strategy)?.ndcg.mean ?? 0;
  const best = (['scratch', 'backbone', 'local'] as const)
    .filter((strategy) => passed(strategy))
    .toSorted((a, b) => quality(b) - quality(a))[0];
  return best ?? (serves ? null : 'scratch');
}

function pairedDifference(candidate: CustomerScores, current: CustomerScores): Evaluation['difference'] {
  const differences = candidate.ndcg.map((value, at) => value - (current.ndcg[at] ?? 0));
  const count = differences.length;
  if (count === 0) return { mean: 0, standardError: 0 };
  const mean = differences.reduce((sum, value) => sum + value, 0) / count;
  // One customer says nothing about the spread: the largest error NDCG allows.
  if (count === 1) return { mean, standardError: 1 };
  const squares = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, standardError: Math.sqrt(squares / (count - 1) / count) };
}

function strategyScores(scores: Readonly<Record<Strategy, CustomerScores>>, seed: number): StrategyScore[] {
  if (scores.scratch.customers.length === 0) return [];
  const options = { confidence: 0.95, seed };
  return strategies.map((strategy) => ({
    strategy,
    ndcg: interval(scores[strategy].ndcgAt10, options),
    hr: interval(scores[strategy].hitAt10, options),
  }));
}

async function scoreAll(
  models: Readonly<Record<Strategy, Values>>,
  score: (values: Values) => Promise<CustomerScores>,
): Promise<Record<Strategy, CustomerScores>> {
  return {
    scratch: await score(models.scratch),
    backbone: await score(models.backbone),
    local: await score(models.local),
    federated: await score(models.federated),
  };
}

function signalOf({ signal }: TaskWatch): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
