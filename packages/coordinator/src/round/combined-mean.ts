import type { RoundPlan } from '@noren/protocol';
import { combineMeans, inspectGroups } from '@noren/secure-aggregation';
import type { GroupInspection } from '@noren/secure-aggregation';

import { inPieces } from './aggregate.ts';
import type { YieldTurn } from './aggregate.ts';
import type { GroupMean } from './group-sum.ts';

/** Looks at the groups beside each other. Of less than three nothing can be told, and nothing is. */
export function inspect(groups: readonly GroupMean[], yieldTurn: YieldTurn): Promise<readonly GroupInspection[]> {
  return inspectGroups(
    groups.map(({ mean }) => mean),
    yieldTurn,
  );
}

/**
 * What the groups' means make together: by a robust plan's median or its like; in a private round, where each is a part of
 * the mean over all customers, their sum; else their mean by weight. One group's is its own. At least one.
 */
export async function combine(
  groups: readonly GroupMean[],
  { aggregation, privacy }: Pick<RoundPlan, 'aggregation' | 'privacy'>,
  yieldTurn: YieldTurn,
): Promise<Float32Array> {
  const [first] = groups;
  if (first === undefined) throw new TypeError('there is nothing to combine');
  if (groups.length === 1) return first.mean;
  if (aggregation?.profile === 'robust') {
    const means = groups.map(({ mean }) => mean);
    return combineMeans(means, aggregation.combine, yieldTurn);
  }
  const total = groups.reduce((sum, { weight }) => sum + weight, 0);
  const combined = new Float32Array(first.mean.length);
  await inPieces(combined.length, yieldTurn, (from, to) => {
    for (let i = from; i < to; i++) {
      let sum = 0;
      for (const { mean, weight } of groups) sum += (mean[i] ?? 0) * (privacy == null ? weight / total : 1);
      combined[i] = sum;
    }
  });
  return combined;
}
