import type { EvaluationReport, Hash, RoundId, SiteId } from '@noren/protocol';
import type { Phase } from '@noren/protocol/console';
import type { GroupParameters, Grouping } from '@noren/secure-aggregation';

import type { Members } from './members.ts';

/** What the round is waiting for. A phase may have two steps (keys: advertisements, then shares). */
export type Step =
  | 'replies'
  | 'advertisements'
  | 'shares'
  | 'updates'
  | 'confirmations'
  | 'reveals'
  | 'opening'
  | 'candidate'
  | 'reports';

/** How far a site has come. Each stage is the set that a masking step fixes: U1 = advertised, U2 = shared, U3 = uploaded. */
export type Stage = 'asked' | 'accepted' | 'advertised' | 'shared' | 'uploaded';

export interface Member {
  readonly site: SiteId;
  readonly stage: Stage;
  /** The site has signed who survived; never in a group of three. */
  readonly confirmed: boolean;
  readonly revealed: boolean;
  readonly report: EvaluationReport | null;
  /** Connected now. A site without a connection may come back and go on. */
  readonly present: boolean;
  /**
   * Set when the site contributes nothing more. One that `left` (refused, withdrew, did not answer) may still judge the
   * candidate; one that was `excluded` for breaking the protocol may not.
   */
  readonly out: 'left' | 'excluded' | null;
  /** Its group was given up: whatever the site has said, nothing of it is in the sum. */
  readonly lost: boolean;
  /** The log says that the site was dropped; it says so once. */
  readonly dropped: boolean;
}

/** The part of a plan that the machine decides by; durations in milliseconds. */
export interface RoundRules {
  /** How the cohort is divided. */
  readonly grouping: Grouping;
  /** Fewest sites in the round's result and in any decision, >= 3. */
  readonly minimumSites: number;
  /** Fewest sites in the sum of any group, beside what its size asks for: on so many sites' noise a private plan counts. */
  readonly minimumSurvivors: number;
  /** Fewest groups that the result is combined from: of several, where they are compared. */
  readonly minimumGroups: number;
  /** Fraction of the connected sites that suffices at a deadline. */
  readonly quorum: number;
  readonly deadlines: {
    readonly recruiting: number;
    readonly keys: number;
    readonly relearning: number;
    readonly unmasking: number;
    readonly evaluating: number;
  };
  readonly gate: { readonly confidence: number; readonly margin: number };
  readonly weightCap: number;
  /** Sites keep to themselves how customers fared: the round waits for them to have judged, and asks nobody. */
  readonly silentEvaluation: boolean;
  /** The round ends with its sum: there is no candidate to judge. */
  readonly survey: boolean;
}

/** Sites that mask together. Without `lost` it may still come to a sum. */
export interface RoundGroup {
  /** U1 of the group, ascending. */
  readonly sites: readonly SiteId[];
  readonly parameters: GroupParameters;
  /** Why the group was given up. */
  readonly lost: string | null;
  /** While it can come to a sum only if sites that lost their connection come back: they have until then. */
  readonly returnBy: number | null;
}

export interface RoundState {
  readonly id: RoundId;
  readonly number: number;
  readonly rules: RoundRules;
  readonly phase: Phase;
  /** Null while planned and after the end. */
  readonly step: Step | null;
  /** When the step ends at the latest, milliseconds since the epoch. Never null while a step runs. */
  readonly deadlineAt: number | null;
  /** An earlier end while the round hangs on sites that lost their connection: they have until then to come back. */
  readonly returnBy: number | null;
  /**
   * After a restart of the coordinator: the sites that were connected before it. They did not leave, so until `by` they
   * count as present; whoever is not back then has lost its connection.
   */
  readonly returning: { readonly by: number; readonly sites: ReadonlySet<SiteId> } | null;
  readonly members: Members;
  /** Drawn when the keys are closed; none before. */
  readonly groups: readonly RoundGroup[];
  readonly candidate: Hash | null;
}

const STAGES: readonly Stage[] = ['asked', 'accepted', 'advertised', 'shared', 'uploaded'];

export function reached(member: Member, stage: Stage): boolean {
  return STAGES.indexOf(member.stage) >= STAGES.indexOf(stage);
}

interface StepRule {
  readonly phase: Phase;
  /** Sites take part in the step when they have reached this stage. */
  readonly from: Stage;
  readonly answered: (member: Member) => boolean;
  /**
   * True where an answer counts although the site has left since: its masked update is in the sum, its report was
   * given. Before the updates a site that left is of no use to the next step.
   */
  readonly answerOutlivesSite: boolean;
}

export const STEP_RULES: Readonly<Record<Step, StepRule>> = {
  replies: { phase: 'recruiting', from: 'asked', answered: (m) => reached(m, 'accepted'), answerOutlivesSite: false },
  advertisements: {
    phase: 'keys',
    from: 'accepted',
    answered: (m) => reached(m, 'advertised'),
    answerOutlivesSite: false,
  },
  shares: { phase: 'keys', from: 'advertised', answered: (m) => reached(m, 'shared'), answerOutlivesSite: false },
  updates: { phase: 'relearning', from: 'shared', answered: (m) => reached(m, 'uploaded'), answerOutlivesSite: true },
  confirmations: { phase: 'unmasking', from: 'uploaded', answered: (m) => m.confirmed, answerOutlivesSite: true },
  reveals: { phase: 'unmasking', from: 'uploaded', answered: (m) => m.revealed, answerOutlivesSite: true },
  opening: { phase: 'unmasking', from: 'uploaded', answered: () => true, answerOutlivesSite: true },
  candidate: { phase: 'aggregated', from: 'uploaded', answered: () => true, answerOutlivesSite: true },
  // The whole cohort judges: a site that could not contribute wants the release none the less.
  reports: { phase: 'evaluating', from: 'accepted', answered: (m) => m.report !== null, answerOutlivesSite: true },
};

/** Who takes part in the current step. */
export function participants({ step, members }: RoundState): Member[] {
  return step === null ? [] : members.values().filter((member) => takesPart(member, step));
}

function takesPart(member: Member, step: Step): boolean {
  return reached(member, STEP_RULES[step].from) && !(member.lost && step !== 'reports');
}

/** True when the round still waits for this site's answer in this step; later or earlier messages are ignored. */
export function isAwaited(state: RoundState, site: SiteId, step: Step): boolean {
  const member = state.members.get(site);
  if (member === undefined || member.out !== null) return false;
  // Keys may travel right behind the acceptance, before everybody else has answered the offer.
  if (step === 'advertisements' && state.step === 'replies') return member.stage === 'accepted';
  return state.step === step && reached(member, STEP_RULES[step].from) && !STEP_RULES[step].answered(member);
}

export interface Tally {
  readonly answered: readonly Member[];
  /** Connected and not answered yet. */
  readonly waiting: readonly Member[];
  /** Not connected, not answered, may come back. */
  readonly away: readonly Member[];
}

export function tally({ step, members }: RoundState): Tally {
  const tally: Record<keyof Tally, Member[]> = { answered: [], waiting: [], away: [] };
  if (step === null) return tally;
  for (const member of members.values()) {
    const standing = standingOf(member, step);
    if (standing !== null) tally[standing].push(member);
  }
  return tally;
}

export type Counts = Readonly<Record<keyof Tally, number>>;

/** What was counted last in a part of the members: one answer changes one part, and all the others' numbers stay. */
const COUNTED = new WeakMap<readonly Member[], { readonly step: Step; readonly counts: Counts }>();

/** The tally's numbers. */
export function counted({ step, members }: RoundState): Counts {
  const total = { answered: 0, waiting: 0, away: 0 };
  if (step === null) return total;
  for (const part of members.parts) {
    const known = COUNTED.get(part);
    const counts = known?.step === step ? known.counts : countedAmong(part, step);
    if (counts !== known?.counts) COUNTED.set(part, { step, counts });
    total.answered += counts.answered;
    total.waiting += counts.waiting;
    total.away += counts.away;
  }
  return total;
}

export function countedAmong(members: Iterable<Member>, step: Step): Counts {
  const counts = { answered: 0, waiting: 0, away: 0 };
  for (const member of members) {
    const standing = standingOf(member, step);
    if (standing !== null) counts[standing] += 1;
  }
  return counts;
}

/** Null for a member that has no part in the step, or that left without an answer that counts. */
function standingOf(member: Member, step: Step): keyof Tally | null {
  const { answered, answerOutlivesSite } = STEP_RULES[step];
  if (!takesPart(member, step)) return null;
  if (answered(member)) return answerOutlivesSite || member.out === null ? 'answered' : null;
  if (member.out !== null) return null;
  return member.present ? 'waiting' : 'away';
}

/** When the driver must send the next tick; null when the round has ended. */
export function effectiveDeadline(state: RoundState): number | null {
  if (state.deadlineAt === null) return null;
  return Math.min(state.deadlineAt, earliestReturn(state) ?? Infinity, state.returning?.by ?? Infinity);
}

/** When the first time to come back ends, of the round or a group; null where nothing hangs on it. */
export function earliestReturn({ returnBy, groups }: RoundState): number | null {
  let earliest = returnBy ?? Infinity;
  for (const group of groups) earliest = Math.min(earliest, group.returnBy ?? Infinity);
  return earliest === Infinity ? null : earliest;
}
