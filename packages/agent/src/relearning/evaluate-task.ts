import {
  backboneValues,
  differences,
  interval,
  mean,
  mergeAdapters,
  noHarmGate,
  personalise,
  standardDeviation,
  strategies,
  type CustomerScores,
  type EvaluationSet,
  type GateVerdict,
  type ModelValues,
  type Personalised,
  type PersonalModel,
} from '@noren/recommender';
import { hasIdentity } from '@noren/protocol';
import type { Strategy } from '../home/state.ts';
import { sha256 } from '../ledger/chain.ts';
import { bestBlend } from './best-blend.ts';
import { readModel, writeModel } from './model-file.ts';
import { PersonalModels } from './personal-model-file.ts';
import { references } from './references-task.ts';
import { adapted, roundSeed, siteValues } from './relearn-task.ts';
import type { Evaluation, EvaluationJob, ServingModel, StrategyScore, TaskWatch } from './trainer.ts';
import type { Bench, Workbench } from './workbench.ts';

type Values = Map<string, Float32Array>;
type Scores = (on: EvaluationSet) => Promise<CustomerScores>;

/** How the task's time divides, roughly: references (mostly cached), two personalisations, scoring. */
const SHARES = { references: 0.4, candidate: 0.6, release: 0.8, gate: 0.9 };

/**
 * Judges a candidate for this site. One set of customers proposes a model, the gate decides on its own, and neither stopped
 * a training; what is reported of each strategy comes from the test items; the difference between candidate
 * and current release comes from the gate's customers too, both personalised alike.
 */
export async function evaluate(workbench: Workbench, job: EvaluationJob, watch: TaskWatch): Promise<Evaluation> {
  const bench = await workbench.roundBench(job);
  const { plan } = job;
  const trained = adapted(bench, plan);
  const reached = (fraction: number): void => watch.onProgress?.(fraction);
  const { scratch, local } = await references(workbench, job, {
    ...watch,
    onProgress: (fraction) => reached(fraction * SHARES.references),
  });
  const personalModels = new PersonalModels(job, bench.dataHash);
  const own = await personalModels.read();
  const ofCandidate = await personalised(trained, job, { release: job.candidate, own }, watch);
  reached(SHARES.candidate);
  const ofRelease = await personalised(trained, job, { release: job.release, own }, watch);
  reached(SHARES.release);
  const made = [[job.candidate, ofCandidate] as const, [job.release, ofRelease] as const];
  await personalModels.write(
    trained.backbone.config,
    new Map(made.flatMap(([path, { kept }]) => (kept === null ? [] : [[path, kept]]))),
  );
  // From here on every model is plain: what is blended, judged and served knows no adapters.
  const plain = ({ values }: Personalised): Values => mergeAdapters(trained.backbone.config, values);
  const [federated, current] = [plain(ofCandidate), plain(ofRelease)];

  const score = (values: ModelValues, on: EvaluationSet): Promise<CustomerScores> =>
    bench.relearner.score({ values, modalities: plan.modalities, on, ...signalOf(watch) });
  const service = await inService(workbench, job, watch);
  const serviceScores: Scores = service?.scores ?? ((on) => score(scratch, on));
  const backbone = backboneValues(bench.backbone);
  const blend = await bestBlend({
    federated,
    partners: [local, backbone, ...(service === null || service.values === null ? [] : [service.values])],
    score: (values) => score(values, 'early-stopping'),
  });
  const models: Readonly<Record<Strategy, Values>> = { scratch, backbone, local, federated, blend };
  const fileOf = (strategy: Strategy): ServingModel => {
    const description = { strategy, backbone: plan.backbone, modalities: plan.modalities };
    return { strategy, file: writeModel(bench, models[strategy], description) };
  };
  const hashOf = (strategy: Strategy): string => sha256(fileOf(strategy).file);
  const tested = new Set(job.gateTests.map(({ model }) => model));
  // A model that was tested before, on much the same customers, would be tested in vain.
  const untested = strategies.filter((strategy) => !tested.has(hashOf(strategy)));
  const verdict = await noHarmGate({
    validation: {
      scores: await scoreAll(untested, (strategy) => score(models[strategy], 'proposal')),
      service: await serviceScores('proposal'),
    },
    gateCustomers: bench.relearner.study.split.gate.length,
    score: (model) => (model === 'service' ? serviceScores('gate') : score(models[model], 'gate')),
    confidence: plan.gate.confidence,
    tests: job.gateTests.length,
    roundsSinceTest: plan.round - (job.gateTests.at(-1)?.round ?? 0),
    margin: plan.gate.margin,
    seed: plan.seed,
  });
  const difference = pairedDifference(await score(federated, 'gate'), await score(current, 'gate'));
  reached(SHARES.gate);
  const shown = strategies.filter((strategy) => strategy !== 'blend' || verdict.proposed === 'blend');
  const testScores = await scoreAll(shown, (strategy) => score(models[strategy], 'test'));

  return {
    customers: verdict.customers,
    tested: verdict.proposed === null ? null : hashOf(verdict.proposed),
    chosen: verdict.chosen ?? job.serving?.strategy ?? 'scratch',
    adopted: verdict.adopted,
    explanation: verdict.explanation,
    scores: strategyScores(testScores, plan.seed),
    difference,
    ...modelsToServe(verdict, job.serving !== null, fileOf),
  };
}

/**
 * What the federation's decision leads to. A site without anything in service begins with its own scratch model; a model the
 * federation had no part in goes into service either way.
 */
function modelsToServe(
  { chosen, adopted }: GateVerdict,
  serves: boolean,
  fileOf: (strategy: Strategy) => ServingModel,
): Pick<Evaluation, 'accepted' | 'rejected'> {
  const kept = serves ? null : fileOf('scratch');
  if (chosen === null) return { accepted: kept, rejected: kept };
  const model = fileOf(chosen);
  return { accepted: model, rejected: adopted ? kept : model };
}

/** A release or candidate as it would serve here. */
async function personalised(
  bench: Bench,
  job: EvaluationJob,
  { release, own }: { readonly release: string; readonly own: PersonalModel | null },
  watch: TaskWatch,
): Promise<Personalised> {
  const { groups, training, personalisation, modalities } = job.plan;
  return personalise(bench.relearner, {
    shared: await siteValues(job, bench, release),
    kept: own,
    groups,
    training,
    personalisation,
    modalities,
    seed: roundSeed(job.plan),
    ...signalOf(watch),
  });
}

/**
 * What is in service, scored with the features of its own backbone; null when nothing is. `values` only where a model of
 * this round can be blended with them.
 */
async function inService(
  workbench: Workbench,
  job: EvaluationJob,
  watch: TaskWatch,
): Promise<{ readonly scores: Scores; readonly values: Values | null } | null> {
  if (job.serving === null) return null;
  const { description, valuesFor } = await readModel(job.serving.model);
  const { backbone, modalities } = description;
  const identity = description.items !== undefined;
  const { relearner, data } = await workbench.bench(job, { backbone: job.serving.backbone, identity });
  const values = valuesFor(data.catalogue);
  const alike =
    backbone === job.plan.backbone &&
    modalities.toString() === job.plan.modalities.toString() &&
    identity === hasIdentity(job.plan.groups);
  return {
    scores: (on) => relearner.score({ values, modalities, on, ...signalOf(watch) }),
    values: alike ? values : null,
  };
}

function pairedDifference(candidate: CustomerScores, current: CustomerScores): Evaluation['difference'] {
  const gained = differences(candidate.ndcg, current.ndcg);
  if (gained.length === 0) return { mean: 0, standardError: 0 };
  // One customer says nothing about the spread: the largest error NDCG allows.
  const standardError = gained.length === 1 ? 1 : standardDeviation(gained) / Math.sqrt(gained.length);
  return { mean: mean(gained), standardError };
}

function strategyScores(scores: Readonly<Partial<Record<Strategy, CustomerScores>>>, seed: number): StrategyScore[] {
  const options = { confidence: 0.95, seed };
  return strategies.flatMap((strategy) => {
    const found = scores[strategy];
    if (found === undefined || found.customers.length === 0) return [];
    return [{ strategy, ndcg: interval(found.ndcgAt10, options), hr: interval(found.hitAt10, options) }];
  });
}

async function scoreAll(
  names: readonly Strategy[],
  score: (strategy: Strategy) => Promise<CustomerScores>,
): Promise<Partial<Record<Strategy, CustomerScores>>> {
  const scores: Partial<Record<Strategy, CustomerScores>> = {};
  for (const strategy of names) scores[strategy] = await score(strategy);
  return scores;
}

function signalOf({ signal }: TaskWatch): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
