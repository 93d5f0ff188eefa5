import type { SiteSource } from '@noren/dataset';
import type { PlanPrivacy, RoundPlan } from '@noren/protocol';
import type { GateTest, Strategy } from '../home/state.ts';

/** Where the site's data and the agent's caches lie. */
export interface DataJob {
  readonly source: SiteSource;
  /** The folder that relative paths in `source` start at. */
  readonly base: string;
  /** Item features and reference models are kept here between tasks. */
  readonly cache: string;
}

export interface RoundJob extends DataJob {
  /** This site's id. */
  readonly site: string;
  readonly plan: RoundPlan;
  /** Path of the backbone file that the plan names. */
  readonly backbone: string;
  /** Path of the release file that the round starts from; a survey round fetches none. */
  readonly release: string;
}

export type PrivateRoundJob = RoundJob & { readonly plan: { readonly privacy: PlanPrivacy } };

export function isPrivate(job: RoundJob): job is PrivateRoundJob {
  return job.plan.privacy != null;
}

/** What is in service. */
export interface ServedModel {
  readonly strategy: Strategy;
  /** Path of the model file, whose content changes: `version` is its SHA-256 (hex). */
  readonly model: string;
  readonly version: string;
  /** Path of the backbone whose encoders make its item features. */
  readonly backbone: string;
}

export interface EvaluationJob extends RoundJob {
  /** Path of the candidate's release file. */
  readonly candidate: string;
  /** Null before the first. */
  readonly serving: ServedModel | null;
  /** Tests that the site's gate made within the last 365 days, oldest first. */
  readonly gateTests: readonly GateTest[];
}

export interface RecommendationJob extends DataJob {
  /** Null before the first. */
  readonly serving: ServedModel | null;
  /** Item ids, oldest first. Ids the catalogue does not hold are left out. */
  readonly history: readonly string[];
  readonly count: number;
}

/** Noise for a vector. */
export interface NoiseJob {
  readonly length: number;
  /** Of each element, a whole number of quanta above 0. */
  readonly standardDeviation: number;
}

/** Counts only: may be logged. */
export interface SiteSummary {
  readonly customers: number;
  readonly items: number;
  readonly interactions: number;
}

export interface Relearned {
  /**
   * Re-learned minus release over the federated groups, float32, in federated vector order; not yet clipped. In a private
   * round, minus the sum of the sampled customers' clipped gradients.
   */
  readonly update: Float32Array;
  /** Training examples; they set the update's weight. Of no meaning in a private round, where all weights are the same. */
  readonly examples: number;
  /**
   * In a private round whose clip norm adapts: the sampled customers whose gradient was not clipped, less half of all sampled.
   * Exact, like the sum.
   */
  readonly unclipped?: number | undefined;
}

/** What a survey round measured here. Only the vector leaves, weighted and masked. */
export interface Surveyed extends Relearned {
  /** The site's own full figures, with intervals over its customers, as JSON; they never leave. */
  readonly report: string;
}

export interface MetricInterval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export interface StrategyScore {
  readonly strategy: Strategy;
  /** On test customers, cut at 10, 95 % intervals. */
  readonly ndcg: MetricInterval;
  readonly hr: MetricInterval;
}

/** A model to put into service: a strategy and the bytes of its serving file. */
export interface ServingModel {
  readonly strategy: Strategy;
  readonly file: Uint8Array;
}

export interface Evaluation {
  /** Customers whom the gate decided on. */
  readonly customers: number;
  /** SHA-256 (hex) of the model file that the gate tested; null where it made no test. */
  readonly tested: string | null;
  readonly chosen: Strategy;
  /** Whether the candidate goes into service here if the federation accepts it. */
  readonly adopted: boolean;
  /** Plain sentences with aggregate figures. */
  readonly explanation: string;
  readonly scores: readonly StrategyScore[];
  /** Candidate minus the current release, both as they would serve here: NDCG without cut-off, gate customers. */
  readonly difference: { readonly mean: number; readonly standardError: number };
  /** To serve if the federation accepts the candidate, and if it does not; null keeps what is in service. */
  readonly accepted: ServingModel | null;
  readonly rejected: ServingModel | null;
}

export interface Recommendation {
  readonly item: string;
  readonly score: number;
}

export interface Recommendations {
  /** `popularity` until the first model is in service. */
  readonly source: Strategy | 'popularity';
  readonly items: readonly Recommendation[];
}

/** What every task can be given: a way to be stopped and to say how far it is (0 to 1). */
export interface TaskWatch {
  readonly signal?: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
}

/**
 * Everything that touches the site's data. Rejections are AgentErrors whose messages are safe to log and to send.
 * Tasks of one trainer run one after another.
 */
export interface Trainer {
  /** Reads the data; says whether it can be used at all. */
  inspect(job: DataJob, watch?: TaskWatch): Promise<SiteSummary>;
  /** Makes everything ready that re-learning needs: features, division of the customers. */
  prepare(job: RoundJob, watch?: TaskWatch): Promise<void>;
  relearn(job: RoundJob, watch?: TaskWatch): Promise<Relearned>;
  /** Discrete Gaussian noise in quanta, drawn from the machine's cryptographic randomness. */
  drawNoise(job: NoiseJob, watch?: TaskWatch): Promise<Int32Array>;
  /** Measures what the plan's survey asks for; `update` is the survey's vector. */
  survey(job: RoundJob, watch?: TaskWatch): Promise<Surveyed>;
  /** Trains what the gate compares with (from scratch; from the backbone, alone); done once per backbone and data. */
  trainReferences(job: RoundJob, watch?: TaskWatch): Promise<void>;
  evaluate(job: EvaluationJob, watch?: TaskWatch): Promise<Evaluation>;
  recommend(job: RecommendationJob, watch?: TaskWatch): Promise<Recommendations>;
  /** Ends what runs. The trainer can still be used; it starts again on demand. */
  close(): Promise<void>;
}
