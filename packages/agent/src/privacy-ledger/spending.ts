import { z } from 'zod';
import type { ChainLink } from '../ledger/chain.ts';

/** One private round that this site lent its customers' data to: written, and on disk, before its noise is drawn. */
export interface Spending extends ChainLink {
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Whose data: the name that the site's policy gives them. */
  readonly asset: string;
  readonly round: string;
  /** SHA-256 (hex) of the plan: noise is drawn once for a plan. */
  readonly plan: string;
  readonly mode: 'distributed' | 'local' | 'central';
  readonly noiseMultiplier: number;
  /** Probability with which a customer was in the round; 1 in a tree. */
  readonly samplingRate: number;
  /** Where rounds share a tree: it is paid for as a whole in the first of them. */
  readonly tree?: SpentTree | undefined;
}

/** A round's place in its tree. */
export interface SpentTree {
  readonly name: string;
  readonly leaf: number;
  /** Rounds between two that a customer is in: with another one customers would be in other rounds, too. */
  readonly period: number;
  /** Steps of `noiseMultiplier` that the whole tree costs a customer. */
  readonly steps: number;
}

const hash = z.string().regex(/^[0-9a-f]{64}$/);

export const spendingSchema: z.ZodType<Spending> = z.strictObject({
  n: z.int().min(0),
  at: z.iso.datetime(),
  asset: z.string().min(1).max(128),
  round: z.string().min(1).max(128),
  plan: hash,
  mode: z.enum(['distributed', 'local', 'central']),
  noiseMultiplier: z.number().positive(),
  samplingRate: z.number().positive().max(1),
  tree: z
    .strictObject({
      name: z.string().regex(/^[0-9a-f]{32}$/),
      leaf: z.int().min(1),
      period: z.int().min(1),
      steps: z.int().min(1),
    })
    .optional(),
  previous: hash,
});
