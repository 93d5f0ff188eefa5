/**
 * What the coordinator's HTTP interface answers, shared with the operator's pages. Browser-safe: no Node and no gRPC.
 *
 * Every instant is ISO 8601 in UTC.
 */
import { z } from 'zod';

/** The ways a site can come to a model; `blend` lies between the federated model and one of the site's own. */
export type Strategy = 'scratch' | 'backbone' | 'local' | 'federated' | 'blend';

export type Phase =
  | 'planned'
  | 'recruiting'
  | 'keys'
  | 'relearning'
  | 'collecting'
  | 'unmasking'
  | 'aggregated'
  | 'evaluating'
  | 'accepted'
  | 'rejected'
  | 'failed';

/** What a round is for: a new release, or evidence about what to re-learn. */
export type RoundKind = 'relearn' | 'survey';

export type Outcome = 'accepted' | 'rejected' | 'failed';

export type ActivityKind = 'downloading' | 'relearning' | 'uploading' | 'evaluating' | 'preparing';

/** What a round was for one site. */
export type SiteRoundResult = 'accepted' | 'rejected' | 'failed' | 'dropped' | 'refused' | 'absent';

export interface Interval {
  mean: number;
  low: number;
  high: number;
}

export interface StrategyScoreView {
  strategy: Strategy;
  ndcg: Interval;
  hr: Interval;
}

/** What the no-harm gate of one site decided. */
export interface GateView {
  round: number;
  chosen: Strategy;
  adopted: boolean;
  /** Held-out customers compared. */
  customers: number;
  explanation: string;
  scores: StrategyScoreView[];
}

export interface SiteActivity {
  roundId: string;
  kind: ActivityKind;
  /** 0 to 1. */
  fraction: number;
}

export interface SiteView {
  id: string;
  name: string;
  connected: boolean;
  lastSeenAt: string | null;
  activity: SiteActivity | null;
  releaseHash: string | null;
  gate: GateView | null;
  /** Why an operator took the site out of the federation; null if nobody did. */
  revoked: string | null;
  /**
   * Set while the site is left out of the rounds: of `rounds` rounds whose groups were compared, its group stood out in
   * `outlying`. An operator releases it.
   */
  quarantine: { since: string; rounds: number; outlying: number } | null;
  /** The last 30 rounds, oldest first. */
  history: SiteRoundResult[];
}

/** One group of a round whose cohort was divided. */
export interface GroupView {
  /** Sites in its sum. */
  survivors: string[];
  /** L2 norm of its mean update, and its cosine with the median of all groups. */
  norm: number | null;
  cosine: number | null;
  /** Why it is not in the result; null if it is. */
  fault: string | null;
  /** Whether it stands out among the others; null where that is not asked. */
  outlying: boolean | null;
}

export interface PhaseSpan {
  phase: Phase;
  startedAt: string;
  endedAt: string | null;
}

export interface RoundView {
  id: string;
  number: number;
  kind: RoundKind;
  phase: Phase;
  startedAt: string;
  endedAt: string | null;
  /** When the coordinator, restarted in the middle of the round, went on with it. */
  resumedAt: string[];
  deadlineAt: string | null;
  /** Plain sentence: whom or what the round is waiting for. */
  waitingFor: string | null;
  cohort: string[];
  survivors: string[];
  dropped: { site: string; at: Phase; reason: string }[];
  refused: { site: string; reason: string }[];
  outcome: Outcome | null;
  reason: string | null;
  phases: PhaseSpan[];
  /** Bytes of masked updates received. */
  bytesUp: number;
  /** Content address of the round's ring sum, from which anyone who has it recomputes the candidate. */
  sumHash: string | null;
  /** None where the whole cohort was one group, or no sum is open yet. */
  groups: GroupView[];
  releaseHash: string | null;
  /** Candidate minus current release over all sites, NDCG without cut-off. */
  difference: { mean: number; low: number; customers: number } | null;
  gates: { site: string; gate: GateView }[];
}

export interface FederationView {
  name: string;
  now: string;
  address: string;
  consoleAddress: string;
  backbone: { hash: string; parameters: number; groups: string[] };
  release: { number: number; hash: string; round: number | null; at: string };
  plan: { name: string; federatedGroups: string[]; localGroups: string[]; vectorLength: number };
  schedule: {
    expression: string;
    timeZone: string;
    nextAt: string | null;
    paused: boolean;
    /** Why the next round does not start; null when nothing is in its way. */
    waiting: string | null;
  };
  sites: SiteView[];
  running: RoundView | null;
  /** Newest first, at most 50. */
  rounds: RoundView[];
}

const instant = z.iso.datetime();
const count = z.int().min(0);

export const strategySchema: z.ZodType<Strategy, Strategy> = z.enum([
  'scratch',
  'backbone',
  'local',
  'federated',
  'blend',
]);

export const phaseSchema: z.ZodType<Phase> = z.enum([
  'planned',
  'recruiting',
  'keys',
  'relearning',
  'collecting',
  'unmasking',
  'aggregated',
  'evaluating',
  'accepted',
  'rejected',
  'failed',
]);

export const intervalSchema: z.ZodType<Interval> = z.strictObject({
  mean: z.number(),
  low: z.number(),
  high: z.number(),
});

export const gateViewSchema: z.ZodType<GateView> = z.strictObject({
  round: count,
  chosen: strategySchema,
  adopted: z.boolean(),
  customers: count,
  explanation: z.string(),
  scores: z.array(z.strictObject({ strategy: strategySchema, ndcg: intervalSchema, hr: intervalSchema })),
});

export const siteViewSchema: z.ZodType<SiteView> = z.strictObject({
  id: z.string(),
  name: z.string(),
  connected: z.boolean(),
  lastSeenAt: instant.nullable(),
  activity: z
    .strictObject({
      roundId: z.string(),
      kind: z.enum(['downloading', 'relearning', 'uploading', 'evaluating', 'preparing']),
      fraction: z.number().min(0).max(1),
    })
    .nullable(),
  releaseHash: z.string().nullable(),
  gate: gateViewSchema.nullable(),
  revoked: z.string().nullable(),
  quarantine: z.strictObject({ since: instant, rounds: count, outlying: count }).nullable(),
  history: z.array(z.enum(['accepted', 'rejected', 'failed', 'dropped', 'refused', 'absent'])).max(30),
});

export const roundViewSchema: z.ZodType<RoundView> = z.strictObject({
  id: z.string(),
  number: count,
  kind: z.enum(['relearn', 'survey']),
  phase: phaseSchema,
  startedAt: instant,
  endedAt: instant.nullable(),
  resumedAt: z.array(instant),
  deadlineAt: instant.nullable(),
  waitingFor: z.string().nullable(),
  cohort: z.array(z.string()),
  survivors: z.array(z.string()),
  dropped: z.array(z.strictObject({ site: z.string(), at: phaseSchema, reason: z.string() })),
  refused: z.array(z.strictObject({ site: z.string(), reason: z.string() })),
  outcome: z.enum(['accepted', 'rejected', 'failed']).nullable(),
  reason: z.string().nullable(),
  phases: z.array(z.strictObject({ phase: phaseSchema, startedAt: instant, endedAt: instant.nullable() })),
  bytesUp: count,
  sumHash: z.string().nullable(),
  groups: z.array(
    z.strictObject({
      survivors: z.array(z.string()),
      norm: z.number().nullable(),
      cosine: z.number().nullable(),
      fault: z.string().nullable(),
      outlying: z.boolean().nullable(),
    }),
  ),
  releaseHash: z.string().nullable(),
  difference: z.strictObject({ mean: z.number(), low: z.number(), customers: count }).nullable(),
  gates: z.array(z.strictObject({ site: z.string(), gate: gateViewSchema })),
});

/** `GET /api/federation` */
export const federationViewSchema: z.ZodType<FederationView> = z.strictObject({
  name: z.string(),
  now: instant,
  address: z.string(),
  consoleAddress: z.string(),
  backbone: z.strictObject({ hash: z.string(), parameters: count, groups: z.array(z.string()) }),
  release: z.strictObject({ number: count, hash: z.string(), round: count.nullable(), at: instant }),
  plan: z.strictObject({
    name: z.string(),
    federatedGroups: z.array(z.string()),
    localGroups: z.array(z.string()),
    vectorLength: count,
  }),
  schedule: z.strictObject({
    expression: z.string(),
    timeZone: z.string(),
    nextAt: instant.nullable(),
    paused: z.boolean(),
    waiting: z.string().nullable(),
  }),
  sites: z.array(siteViewSchema),
  running: roundViewSchema.nullable(),
  rounds: z.array(roundViewSchema).max(50),
});
