import { AggregationError } from '../errors.ts';
import { isSparse, type GroupParameters } from '../group-parameters.ts';
import { ringBitsFor } from '../ring/ring-width.ts';
import type { Combination } from '../robust/combination.ts';
import { spoiling, type Spoiling } from '../robust/spoiling.ts';
import { mostOf } from './fractions.ts';
import { flatAssurance } from './flat-assurance.ts';
import { divisionOf, parametersWithin, type GroupingRule, type Topology } from './grouping.ts';
import { log2Sum } from './log2-sum.ts';
import { log2GroupBroken, log2Lost, type Adversary } from './random-groups.ts';

/** A round, and what it is feared to meet. */
export interface Fears {
  /** That advertise keys, 3 .. 10,000. */
  readonly sites: number;
  /** How the cohort is divided; null for groups as large as can be, whose sums are added. */
  readonly robust: { readonly groupSize: number; readonly combination: Combination } | null;
  /** `groups` if it is not said. */
  readonly topology?: Topology | undefined;
  /** Fewest sites in any sum that the plan insists on besides (for their noise); 0 for none. */
  readonly minimumSurvivors: number;
  readonly valueBits?: number | undefined;
  /** Fractions of the sites, 0 .. 1, whichever these are before groups are drawn: in league with the coordinator, lost. */
  readonly corruptFraction: number;
  readonly lostFraction: number;
}

/** What every group of one size withstands, whatever happens: counts, no probabilities. */
export interface GroupAssurance {
  /** Groups of this size. */
  readonly groups: number;
  readonly sites: number;
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
  /** Of coming to no sum: one group, the likeliest; and any of them (union bound). */
  readonly log2Lost: { readonly group: number; readonly any: number };
  /** Null where the sums are added: there any corrupt site changes the result. */
  readonly spoiling: Spoiling | null;
  /** Bits of a masked element on its way. */
  readonly ringBits: number;
}

/** @throws AggregationError `malformed`, `too-few-sites`, `too-many-sites` */
export function assuranceOf(fears: Fears): Assurance {
  const { sites: cohort, robust, topology, corruptFraction, lostFraction, valueBits } = fears;
  assertFractions(corruptFraction, lostFraction);
  const rule = { groupSize: robust?.groupSize ?? null, topology };
  const sizes = sizesOf(cohort, rule).map(({ sites, count }) => ({
    parameters: insistingOn(fears.minimumSurvivors, parametersWithin(sites, cohort, rule)),
    count,
  }));
  const { parameters } = sizes[0]!;
  return {
    ...(isSparse(parameters) ? sparseAssurance(parameters, fears) : groupsAssurance(sizes, fears)),
    corrupt: mostOf(corruptFraction, cohort),
    lost: mostOf(lostFraction, cohort),
    spoiling:
      robust === null
        ? null
        : spoiling(
            { cohort, groups: divisionOf(cohort, rule).groups, combination: robust.combination },
            corruptFraction,
          ),
    ringBits: ringBitsFor(parameters.sites, valueBits),
  };
}

type Withstood = Pick<Assurance, 'groups' | 'log2Broken' | 'log2Lost'>;

function groupsAssurance(
  sizes: readonly { readonly parameters: GroupParameters; readonly count: number }[],
  { sites: cohort, corruptFraction, lostFraction }: Fears,
): Withstood {
  const groups = sizes.map(({ parameters, count }) => groupAssurance(parameters, count));
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

function sparseAssurance(parameters: GroupParameters, { corruptFraction, lostFraction }: Fears): Withstood {
  const { log2Broken, log2Lost: lost, ...counts } = flatAssurance(parameters, corruptFraction, lostFraction);
  return {
    groups: [{ ...groupAssurance(parameters, 1), ...counts }],
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

function groupAssurance(
  { sites, holders, threshold, signers, signatures, minimumSurvivors, mode }: GroupParameters,
  groups: number,
): GroupAssurance {
  return {
    groups,
    sites,
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

function sizesOf(cohort: number, rule: GroupingRule): readonly { sites: number; count: number }[] {
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
