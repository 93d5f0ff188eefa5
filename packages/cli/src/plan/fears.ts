import { fewestSurvivors, groupingRule, type PlanTemplate } from '@noren/protocol';
import type { Fears } from '@noren/secure-aggregation';

import { exitCode } from '../exit-code.ts';
import { CliError } from '../failure.ts';

/** What somebody asks about a plan's rounds; without `sites`, of the smallest, and without `registered`, all are there. */
export interface Asked extends Pick<Fears, 'corruptFraction' | 'lostFraction'> {
  readonly sites?: number | undefined;
  readonly registered?: number | undefined;
}

/** @throws CliError where the plan's rounds have more sites, or fewer are registered */
export function fearsOf(
  { cohort, aggregation, privacy, update }: PlanTemplate,
  { sites, registered, ...fractions }: Asked,
): Fears {
  const least = cohort.minimumSites;
  if (sites !== undefined && sites < least) {
    throw new CliError(`The plan's rounds have ${least} sites or more, not ${sites}.`, exitCode.usage);
  }
  const present = sites ?? least;
  if (registered !== undefined && registered < present) {
    throw new CliError(`Of ${registered} registered sites ${present} cannot take part.`, exitCode.usage);
  }
  return {
    sites: present,
    registered: registered ?? present,
    robust:
      aggregation?.profile === 'robust' ? { groupSize: aggregation.groupSize, combination: aggregation.combine } : null,
    topology: groupingRule(aggregation).topology,
    minimumSurvivors: fewestSurvivors(privacy),
    valueBits: update.valueBits,
    ...fractions,
  };
}
