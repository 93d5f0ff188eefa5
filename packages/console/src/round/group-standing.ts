import type { GroupView, RoundView } from '@noren/protocol/console';

/** `out` = not in the result; `outlying` = in it, but it stands out among the others. */
export type GroupStanding = 'counted' | 'outlying' | 'out';

export interface NumberedGroup extends GroupView {
  /** From 1, in the coordinator's order. */
  readonly number: number;
  readonly standing: GroupStanding;
}

export interface RoundGroups {
  readonly groups: readonly NumberedGroup[];
  readonly inResult: number;
  /** In the result or out of it; null where the round does not compare its groups. */
  readonly outlying: number | null;
  /** Those somebody may have to look at. */
  readonly conspicuous: readonly NumberedGroup[];
}

/** Null where the whole cohort is one group, or no sum is open yet. */
export function roundGroups({ groups: views }: RoundView): RoundGroups | null {
  if (views.length === 0) return null;
  const groups = views.map((group, index) => ({ ...group, number: index + 1, standing: standingOf(group) }));
  const isCompared = groups.some(({ outlying }) => outlying !== null);
  return {
    groups,
    inResult: groups.filter(({ fault }) => fault === null).length,
    outlying: isCompared ? groups.filter(({ outlying }) => outlying === true).length : null,
    conspicuous: groups.filter(({ standing }) => standing !== 'counted'),
  };
}

function standingOf({ fault, outlying }: GroupView): GroupStanding {
  if (fault !== null) return 'out';
  return outlying === true ? 'outlying' : 'counted';
}
