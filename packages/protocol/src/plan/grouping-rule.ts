import type { GroupingRule } from '@noren/secure-aggregation';

import type { Aggregation } from './plan.ts';

/** How a plan's cohorts are divided, by their size. */
export function groupingRule(aggregation: Aggregation | undefined): GroupingRule {
  if (aggregation?.profile === 'robust') return { groupSize: aggregation.groupSize };
  return { groupSize: null, topology: aggregation?.topology ?? 'groups' };
}
