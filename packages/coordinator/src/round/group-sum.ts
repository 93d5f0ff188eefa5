import { planQuantiser } from '@noren/protocol';
import type { RoundPlan } from '@noren/protocol';
import { decodeSum } from '@noren/secure-aggregation';

import { checkAggregate } from './aggregate.ts';
import type { YieldTurn } from './aggregate.ts';
import { decodePrivateSum, privateQuantiser } from './private-sum.ts';

/** What one group's sum says. */
export interface GroupMean {
  /** Weighted mean of the updates; in a private round the group's part of the mean over all customers. */
  readonly mean: Float32Array;
  /** Sum of the weights; in a private round, where nothing else is told, the number of sites. */
  readonly weight: number;
  readonly clipped: number;
  /** L2 norm of `mean`. */
  readonly norm: number;
  /** In a private round whose clip norm adapts, its part of the count; else null. */
  readonly count: number | null;
}

/** What the sums of a round are read with. */
export interface SumReading {
  readonly plan: RoundPlan;
  readonly planHash: Uint8Array;
  /** Sites of the largest group: ring and noise are laid out for so many, in every group. */
  readonly ringSites: number;
  readonly yieldTurn: YieldTurn;
}

/**
 * Decodes one group's sum, in a private round with its noise, and checks what no honest group can produce.
 *
 * Throws CoordinatorError `unsound-aggregate`, AggregationError `out-of-range`.
 */
export async function readGroupSum(sum: Int32Array, survivors: number, reading: SumReading): Promise<GroupMean> {
  const { plan, planHash, ringSites, yieldTurn } = reading;
  const { privacy } = plan;
  if (privacy == null) {
    const quantiser = planQuantiser(plan, planHash, ringSites);
    const decoded = decodeSum(sum, quantiser);
    const norm = await checkAggregate(decoded, { survivors, quantiser, yieldTurn });
    return { mean: decoded.meanUpdate, weight: decoded.weight, clipped: decoded.clipped, norm, count: null };
  }
  const quantiser = privateQuantiser(plan, privacy, ringSites);
  const { meanUpdate: mean, norm, count } = await decodePrivateSum(sum, { privacy, quantiser, survivors, yieldTurn });
  return { mean, weight: survivors, clipped: 0, norm, count };
}
