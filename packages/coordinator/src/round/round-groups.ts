import type { SiteId } from '@noren/protocol';
import { AggregationError, groupsOf } from '@noren/secure-aggregation';
import type { DrawnGroup } from '@noren/secure-aggregation';

import { countedAmong } from './round-state.ts';
import type { Counts, Member, RoundGroup, RoundRules, RoundState, Step } from './round-state.ts';

/**
 * The groups of the sites that advertised their keys: what every site works out from the same plan and roster. Or why no site
 * would take part in them: too many of those registered are missing.
 */
export function drawnGroups(
  advertised: readonly SiteId[],
  { grouping }: RoundRules,
): { readonly groups: readonly RoundGroup[] } | { readonly impossible: string } {
  try {
    const groups = groupsOf(grouping, advertised.toSorted());
    return { groups: groups.map((group) => ({ ...ofSites(group), lost: null, returnBy: null })) };
  } catch (error) {
    const { registered } = grouping;
    if (!(error instanceof AggregationError) || error.code !== 'too-few-sites' || registered === null) throw error;
    return { impossible: shortageOfRegistered(advertised.length, registered.length) };
  }
}

function shortageOfRegistered(answered: number, registered: number): string {
  return (
    `too few sites of the registrar’s roster sent their keys: ${answered} of ${registered}. Among so few those that collude could ` +
    'be brought together, and no site would go on; start a round when more are connected, or have the registrar suspend those ' +
    'that stay away'
  );
}

/** The ids come back as they went in. */
function ofSites({ sites, parameters }: DrawnGroup): Pick<RoundGroup, 'sites' | 'parameters'> {
  return { sites: sites as readonly SiteId[], parameters };
}

const MASKING: ReadonlySet<Step> = new Set(['shares', 'updates', 'confirmations', 'reveals']);

/** Steps in which a threshold of the survivors answers for all. */
export const UNMASKING: ReadonlySet<Step> = new Set(['confirmations', 'reveals']);

/** Whether groups end the step each by itself: there are several, and the step is one of the masking. */
export function endsByGroups({ groups, step }: RoundState): boolean {
  return groups.length > 1 && step !== null && MASKING.has(step);
}

/** Fewest answers with which the current step can end well. */
export function floorOf({ step, rules, groups }: RoundState): number {
  const { minimumSites } = rules;
  const [group] = groups;
  if (step === 'reports' && group !== undefined && rules.silentEvaluation) return 0;
  if (step === null || group === undefined || !MASKING.has(step)) return minimumSites;
  const live = groups.filter(({ lost }) => lost === null);
  const floors = live.reduce((sum, one) => sum + groupFloor(one, step, rules), 0);
  return UNMASKING.has(step) ? floors : Math.max(minimumSites, floors);
}

/** How a group that is not lost stands in the present step. */
export interface GroupStanding extends Counts {
  readonly index: number;
  readonly floor: number;
}

export function groupStandings(state: RoundState): readonly GroupStanding[] {
  const { step, groups, members, rules } = state;
  if (step === null) return [];
  return groups.flatMap((group, index) => {
    if (group.lost !== null) return [];
    const of = group.sites.map((site) => members.get(site)).filter((member): member is Member => member !== undefined);
    return [{ index, floor: groupFloor(group, step, rules), ...countedAmong(of, step) }];
  });
}

function groupFloor({ parameters }: RoundGroup, step: Step, { minimumSurvivors }: RoundRules): number {
  const { threshold } = parameters;
  return UNMASKING.has(step) ? threshold : Math.max(threshold, parameters.minimumSurvivors, minimumSurvivors);
}
