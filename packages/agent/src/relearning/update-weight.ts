import type { RoundPlan } from '@noren/protocol';

/** A site's weight in a sum: its examples, saturating at the plan's maximum, in (0, 1]. */
export function updateWeight(examples: number, { maximumWeight }: RoundPlan['update']): number {
  return Math.min(examples, maximumWeight) / maximumWeight;
}
