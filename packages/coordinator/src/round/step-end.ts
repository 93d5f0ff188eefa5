import { endsByGroups, floorOf, groupStandings, UNMASKING } from './round-groups.ts';
import { counted, reached } from './round-state.ts';
import type { RoundRules, RoundState, Step } from './round-state.ts';

/** Bound on the coordinator's own arithmetic, milliseconds: generous, but nothing waits without end. */
export const ARITHMETIC_TIME: number = 900_000;

/** The plan's deadline that bounds each step; null for the coordinator's own arithmetic. */
const DEADLINES: Readonly<Record<Step, keyof RoundRules['deadlines'] | null>> = {
  replies: 'recruiting',
  advertisements: 'keys',
  shares: 'keys',
  updates: 'relearning',
  confirmations: 'unmasking',
  reveals: 'unmasking',
  opening: null,
  candidate: null,
  reports: 'evaluating',
};

export function isArithmetic(step: Step): boolean {
  return DEADLINES[step] === null;
}

/** Milliseconds that the step may last. */
export function durationOf(step: Step, { deadlines }: RoundRules): number {
  const deadline = DEADLINES[step];
  return deadline === null ? ARITHMETIC_TIME : deadlines[deadline];
}

/** Sites that have answered and those that are connected and may. */
export function withinReach(state: RoundState): number {
  const { answered, waiting } = counted(state);
  return answered + waiting;
}

/** Whether the round can go on only if sites that lost their connection come back. Groups may hang beside it. */
export function hangs(state: RoundState): boolean {
  return withinReach(state) < ownFloor(state);
}

/** What the groups' own floors add up to is theirs: a group that hangs is lost without the round. */
function ownFloor(state: RoundState): number {
  const { step, rules } = state;
  if (step === null || !endsByGroups(state)) return floorOf(state);
  return UNMASKING.has(step) ? 0 : rules.minimumSites;
}

/** The groups that can come to a sum only if sites that lost their connection come back; by index. */
export function hangingGroups(state: RoundState): ReadonlySet<number> {
  if (!endsByGroups(state)) return new Set();
  const hanging = groupStandings(state).filter(({ answered, waiting, floor }) => answered + waiting < floor);
  return new Set(hanging.map(({ index }) => index));
}

const SHORTAGE: Readonly<Record<Step, string>> = {
  replies: 'too few sites accepted the offer',
  advertisements: 'too few sites sent their keys',
  shares: 'too few sites completed the key exchange',
  updates: 'too few masked updates arrived',
  confirmations: 'too few sites signed the list of survivors',
  reveals: 'too few sites helped to open the sum',
  opening: 'the sum could not be opened',
  candidate: 'the candidate could not be made',
  reports: 'too few evaluation reports arrived',
};

/** Why the step cannot end well. */
export function shortage(step: Step, answered: number, needed: number): string {
  return `${SHORTAGE[step]}: ${answered} of at least ${needed}`;
}

/** Why the groups that are left are too few; null if they are enough. */
export function shortageOfGroups({ step, groups, members, rules }: RoundState): string | null {
  const { minimumGroups, minimumSites } = rules;
  const live = groups.filter(({ lost }) => lost === null).length;
  if (live < minimumGroups) {
    const last = groups.findLast(({ lost }) => lost !== null)?.lost;
    if (last == null)
      return `too few sites for the groups that are compared: they make ${live} of at least ${minimumGroups}`;
    return `too few groups can still be summed: ${live} of at least ${minimumGroups}. Of the last: ${last}`;
  }
  if (step === null || !UNMASKING.has(step)) return null;
  // A threshold answers for a group, so that answers do not say how many sites are in its sum.
  const survivors = members.values().filter((member) => reached(member, 'uploaded') && !member.lost).length;
  if (survivors >= minimumSites) return null;
  return `too few sites are in the groups that can still be summed: ${survivors} of at least ${minimumSites}`;
}
