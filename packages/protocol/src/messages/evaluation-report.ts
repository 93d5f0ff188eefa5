import { z } from 'zod';

import { strategySchema, type Strategy } from '../console.ts';
import type { noren } from '../generated/noren.js';
import { hashSchema, roundIdSchema } from '../identifiers.ts';
import type { Hash, RoundId } from '../identifiers.ts';
import { textField } from './wire-codec.ts';

/** A mean with its confidence interval. */
export interface MetricInterval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** One strategy's NDCG@10 and HR@10 on the site's held-out customers. */
export interface StrategyScore {
  readonly strategy: Strategy;
  readonly ndcg: MetricInterval;
  readonly hr: MetricInterval;
}

/** Aggregates over the site's held-out customers. Never a customer, an item or a single rank. */
export interface EvaluationReport {
  readonly roundId: RoundId;
  readonly candidateHash: Hash;
  readonly customers: number;
  readonly chosen: Strategy;
  readonly adopted: boolean;
  /** Plain sentence, at most 2000 characters. */
  readonly explanation: string;
  readonly scores: readonly StrategyScore[];
  /** Candidate minus the federation's current release, NDCG without cut-off, paired over customers. */
  readonly differenceMean: number;
  readonly differenceStandardError: number;
}

// Means of metrics in [0, 1] may leave the interval by rounding.
const metric = z
  .number()
  .min(-1e-6)
  .max(1 + 1e-6);
const interval = z.object({ mean: metric, low: metric, high: metric });

export const evaluationReportSchema: z.ZodType<EvaluationReport, noren.v1.EvaluationReport.$Properties> = z.object({
  roundId: roundIdSchema,
  candidateHash: hashSchema,
  customers: z.int().min(0).max(0xffff_ffff),
  chosen: strategySchema,
  adopted: z.boolean(),
  explanation: textField(2000),
  scores: z
    .array(z.object({ strategy: strategySchema, ndcg: interval, hr: interval }))
    .max(5)
    .refine(
      (scores) => new Set(scores.map((score) => score.strategy)).size === scores.length,
      'one score per strategy',
    ),
  differenceMean: z.number().min(-1).max(1),
  differenceStandardError: z.number().min(0).max(1),
});
