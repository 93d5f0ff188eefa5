import { AggregationError } from '../errors.ts';
import { groupParameters, isSparse, type GroupParameters } from '../group-parameters.ts';
import { ringBitsFor } from '../ring/ring-width.ts';
import type { Combination } from '../robust/combination.ts';
import { spoiling, type Spoiling } from '../robust/spoiling.ts';
import { mostOf } from './fractions.ts';
import { flatAssurance } from './flat-assurance.ts';
import { flatParameters } from './flat-cohort.ts';
import { divisionOf, tooFewPresent, type GroupingRule, type Topology } from './grouping.ts';
import { log2AtMost } from './hypergeometric.ts';
import { log2Sum } from './log2-sum.ts';
import { log2GroupBroken, log2Lost, type Adversary } from './random-groups.ts';
import { LARGEST_GROUP } from './sizes.ts';
import { log2BrokenByChoice, windowParameters } from './windows.ts';

/** A round, and what it is feared to meet. */
export interface Fears {
  /** That advertise keys, 3 .. 10,000. */
  readonly sites: number;
  /** That the registrar lists: so many as take part, or more. */
  readonly registered: number;
  /** How the cohort is divided; null for groups as large as can be, whose sums are added. */
  readonly robust: { readonly groupSize: number; readonly combination: Combination } | null;
  /** `groups` if it is not said. */
  readonly topology?: Topology | undefined;
  /** Fewest sites in any sum that the plan insists on besides (for their noise); 0 for none. */
  readonly minimumSurvivors: number;
  readonly valueBits?: number | undefined;
  /** Of those registered, 0 .. 1, whichever these are before groups are drawn: in league with the coordinator, and all there. */
  readonly corruptFraction: number;
  /** Of those that advertise keys, 0 .. 1. */
  readonly lostFraction: number;
}

/** What every group of one size withstands, whatever happens: counts, no probabilities. */
export interface GroupAssurance {
  /** Groups of this size. */
  readonly groups: number;
  readonly sites: number;
  /**
   * Registered ranks from the first to the last of those that share secrets, the group or a neighbourhood. If who takes part does
   * so by chance, more in one round of a thousand at most; then thresholds are higher. Null where they do not depend on it.
   */
  readonly window: number | null;
  /** As in `GroupParameters`. */
  readonly holders: number;
  readonly threshold: number;
  readonly signers: number;
  readonly signatures: number;
  /** Fewest inputs of a sum. */
  readonly minimumSurvivors: number;
  /** Sites that may be lost until masking ends, and of those that uploaded until the sum is open. */
  readonly lostBeforeMaskingEnds: number;
  readonly lostAfter: number;
  /** Most sites of the group that learn with the coordinator no more than the group's sum. */
  readonly colluding: Readonly<Record<Adversary, number>>;
  readonly mode: GroupParameters['mode'];
}

/** What a round's secure aggregation withstands. Probabilities are log2; -Infinity: never, 0: surely. */
export interface Assurance {
  /** One size of groups, or two that differ by one, the larger first. */
  readonly groups: readonly GroupAssurance[];
  /** The feared fractions in sites. */
  readonly corrupt: number;
  readonly lost: number;
  /** Of learning more than the sums of the groups, in any of them (union bound). */
  readonly log2Broken: Readonly<Record<Adversary, number>>;
  /**
   * The same if an active coordinator may besides leave out any sites it likes. Null where no chance helps against that: one
   * group stands its counts, and small groups fall to who chooses their cohort.
   */
  readonly log2BrokenByChoice: number | null;
  /** Of coming to no sum: one group, the likeliest; and any of them (union bound). */
  readonly log2Lost: { readonly group: number; readonly any: number };
  /** Null where the sums are added: there any corrupt site changes the result. */
  readonly spoiling: Spoiling | null;
  /** Bits of a masked element on its way. */
  readonly ringBits: number;
}

/** @throws AggregationError `malformed`, `too-few-sites` (also of those registered), `too-many-sites` */
export function assuranceOf(fears: Fears): Assurance {
  const { sites: cohort, registered, robust, topology, corruptFraction, lostFraction, valueBits } = fears;
  assertFractions(corruptFraction, lostFraction);
  if (!Number.isSafeInteger(registered) || registered < cohort) {
    throw new AggregationError('malformed', `Of ${registered} registered sites ${cohort} cannot take part.`);
  }
  const rule = { groupSize: robust?.groupSize ?? null, topology };
  const sizes = sizesOf(cohort, rule).map((size) => sizedGroup(fears, size));
  const { parameters, window } = sizes[0]!;
  const corruptThere = Math.min(1, corruptFraction * (registered / cohort));
  return {
    ...(isSparse(parameters)
      ? sparseAssurance(sizes[0]!, corruptThere, lostFraction)
      : groupsAssurance(sizes, cohort, corruptThere, lostFraction)),
    corrupt: mostOf(corruptThere, cohort),
    lost: mostOf(lostFraction, cohort),
    log2BrokenByChoice: window === null ? null : log2BrokenByChoice(registered, corruptFraction, topology ?? 'groups'),
    spoiling:
      robust === null
        ? null
        : spoiling({ cohort, groups: divisionOf(cohort, rule).groups, combination: robust.combination }, corruptThere),
    ringBits: ringBitsFor(parameters.sites, valueBits),
  };
}

type Withstood = Pick<Assurance, 'groups' | 'log2Broken' | 'log2Lost'>;

/** Groups of one size. */
interface SizedGroup {
  readonly parameters: GroupParameters;
  readonly window: number | null;
  readonly count: number;
}

function sizedGroup(fears: Fears, size: GroupSizes): SizedGroup {
  const { sites: present, registered, robust, topology, minimumSurvivors } = fears;
  const { sites, count } = size;
  const sized = (parameters: GroupParameters | null, window: number | null): SizedGroup => {
    if (parameters === null) throw tooFewPresent(present, registered);
    return { parameters: insistingOn(minimumSurvivors, parameters), window, count };
  };
  if (robust !== null || registered <= LARGEST_GROUP) return sized(groupParameters(sites), null);
  if (topology !== 'flat') {
    const width = windowOf(fears, size);
    return sized(windowParameters(sites, { registered, width }), width);
  }
  const widest = (stretch: number): number => windowOf(fears, { sites: stretch, count: sites });
  const parameters = flatParameters({ sites, registered, widest });
  if (parameters === null || !isSparse(parameters)) return sized(parameters, registered);
  return sized(parameters, widest(parameters.holders));
}

/** A round in so many, log2, has a group with a wider window. */
const WIDER = -10;

/**
 * From the first to the last of `sites` that follow each other among those present are as many ranks as from the beginning to
 * one site less, and one: the gaps between sites drawn at random are alike. So a window is wider than w if fewer than sites - 1
 * of those present are among w - 1 ranks.
 */
function windowOf({ sites: present, registered }: Fears, { sites, count }: GroupSizes): number {
  // As wide as on average; half of them are wider.
  let width = Math.max(sites, Math.floor(((sites - 1) * (registered + 1)) / (present + 1)));
  const log2Wider = (): number =>
    Math.log2(count) + log2AtMost({ population: registered, marked: present, draws: width - 1 }, sites - 2);
  while (width < registered && log2Wider() > WIDER) width++;
  return width;
}

function groupsAssurance(
  sizes: readonly SizedGroup[],
  cohort: number,
  corruptFraction: number,
  lostFraction: number,
): Withstood {
  const groups = sizes.map(groupAssurance);
  const inAny = (log2Of: (group: GroupAssurance) => number): number =>
    Math.min(0, log2Sum(groups.map((group) => Math.log2(group.groups) + log2Of(group))));
  const broken = (adversary: Adversary) => (group: GroupAssurance) =>
    log2GroupBroken({ cohort, group: group.sites, threshold: group.threshold }, corruptFraction, adversary);
  const lost = ({ sites, minimumSurvivors }: GroupAssurance): number =>
    log2Lost({ cohort, group: sites, threshold: minimumSurvivors }, lostFraction);
  return {
    groups,
    log2Broken: { passive: inAny(broken('passive')), active: inAny(broken('active')) },
    log2Lost: { group: Math.max(...groups.map(lost)), any: inAny(lost) },
  };
}

function sparseAssurance(group: SizedGroup, corruptFraction: number, lostFraction: number): Withstood {
  const { log2Broken, log2Lost: lost, ...counts } = flatAssurance(group.parameters, corruptFraction, lostFraction);
  return {
    groups: [{ ...groupAssurance(group), ...counts }],
    log2Broken,
    log2Lost: { group: lost, any: lost },
  };
}

function insistingOn(survivors: number, parameters: GroupParameters): GroupParameters {
  const minimumSurvivors = Math.max(parameters.minimumSurvivors, survivors);
  if (minimumSurvivors <= parameters.sites) return { ...parameters, minimumSurvivors };
  throw new AggregationError(
    'too-few-sites',
    `The plan insists on ${minimumSurvivors} sites in a sum, and a group has ${parameters.sites}.`,
  );
}

function groupAssurance({ parameters, window, count }: SizedGroup): GroupAssurance {
  const { sites, holders, threshold, signers, signatures, minimumSurvivors, mode } = parameters;
  return {
    groups: count,
    sites,
    window,
    holders,
    threshold,
    signers,
    signatures,
    minimumSurvivors,
    lostBeforeMaskingEnds: sites - minimumSurvivors,
    lostAfter: sites - threshold,
    colluding: { passive: threshold - 1, active: 2 * threshold - sites - 1 },
    mode,
  };
}

interface GroupSizes {
  readonly sites: number;
  /** Groups of this size. */
  readonly count: number;
}

function sizesOf(cohort: number, rule: GroupingRule): readonly GroupSizes[] {
  const { groups, largest } = divisionOf(cohort, rule);
  const smaller = groups * largest - cohort;
  const sizes = [
    { sites: largest, count: groups - smaller },
    { sites: largest - 1, count: smaller },
  ];
  return sizes.filter(({ count }) => count > 0);
}

function assertFractions(...fractions: readonly number[]): void {
  const wrong = fractions.find((fraction) => !(fraction >= 0 && fraction <= 1));
  if (wrong === undefined) return;
  throw new AggregationError('malformed', `A fraction of the sites is a number 0 .. 1, not ${wrong}.`);
}
