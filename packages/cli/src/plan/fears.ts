import { fewestSurvivors, groupingRule, type PlanTemplate } from '@noren/protocol';
import type { Fears } from '@noren/secure-aggregation';

import { exitCode } from '../exit-code.ts';
import { CliError } from '../failure.ts';

/** What somebody asks about a plan's rounds; without `sites`, of the smallest. */
export type Asked = Pick<Fears, 'corruptFraction' | 'lostFraction'> & { readonly sites?: number | undefined };

/** @throws CliError where the plan's rounds have more sites */
export function fearsOf({ cohort, aggregation, privacy, update }: PlanTemplate, { sites, ...fractions }: Asked): Fears {
  const least = cohort.minimumSites;
  if (sites !== undefined && sites < least) {
    throw new CliError(`The plan's rounds have ${least} sites or more, not ${sites}.`, exitCode.usage);
  }
  return {
    sites: sites ?? least,
    robust:
      aggregation?.profile === 'robust' ? { groupSize: aggregation.groupSize, combination: aggregation.combine } : null,
    topology: groupingRule(aggregation).topology,
    minimumSurvivors: fewestSurvivors(privacy),
    valueBits: update.valueBits,
    ...fractions,
  };
}
