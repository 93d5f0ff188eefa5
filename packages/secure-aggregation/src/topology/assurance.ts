import { AggregationError } from '../errors.ts';
import type { GroupParameters } from '../group-parameters.ts';
import { ringBitsFor } from '../ring/ring-width.ts';
import type { Combination } from '../robust/combination.ts';
import { spoiling, type Spoiling } from '../robust/spoiling.ts';
import { mostOf } from './fractions.ts';
import { divisionOf, parametersWithin } from './grouping.ts';
import { log2GroupBroken, log2Lost, type Adversary } from './random-groups.ts';

/** A round, and what it is feared to meet. */
export interface Fears {
  /** That advertise keys, 3 .. 10,000. */
  readonly sites: number;
  /** How the cohort is divided; null for groups as large as can be, whose sums are added. */
  readonly robust: { readonly groupSize: number; readonly combination: Combination } | null;
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
  readonly threshold: number;
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
  const { sites: cohort, robust, corruptFraction, lostFraction, valueBits } = fears;
  assertFractions(corruptFraction, lostFraction);
  const groupSize = robust?.groupSize ?? null;
  const sizes = sizesOf(cohort, groupSize);
  const groups = sizes.map(({ sites, count }) =>
    groupAssurance(fears, parametersWithin(sites, cohort, groupSize), count),
  );
  const inAny = (log2Of: (group: GroupAssurance) => number): number =>
    Math.min(0, log2Sum(groups.map((group) => Math.log2(group.groups) + log2Of(group))));
  const broken = (adversary: Adversary) => (group: GroupAssurance) =>
    log2GroupBroken({ cohort, group: group.sites, threshold: group.threshold }, corruptFraction, adversary);
  const lost = ({ sites, minimumSurvivors }: GroupAssurance): number =>
    log2Lost({ cohort, group: sites, threshold: minimumSurvivors }, lostFraction);
  return {
    groups,
    corrupt: mostOf(corruptFraction, cohort),
    lost: mostOf(lostFraction, cohort),
    log2Broken: { passive: inAny(broken('passive')), active: inAny(broken('active')) },
    log2Lost: { group: Math.max(...groups.map(lost)), any: inAny(lost) },
    spoiling:
      robust === null
        ? null
        : spoiling(
            { cohort, groups: divisionOf(cohort, groupSize).groups, combination: robust.combination },
            corruptFraction,
          ),
    ringBits: ringBitsFor(sizes[0]!.sites, valueBits),
  };
}

function groupAssurance(
  fears: Fears,
  { sites, threshold, mode, ...group }: GroupParameters,
  groups: number,
): GroupAssurance {
  const minimumSurvivors = Math.max(group.minimumSurvivors, fears.minimumSurvivors);
  if (minimumSurvivors > sites) {
    throw new AggregationError(
      'too-few-sites',
      `The plan insists on ${minimumSurvivors} sites in a sum, and a group has ${sites}.`,
    );
  }
  return {
    groups,
    sites,
    threshold,
    minimumSurvivors,
    lostBeforeMaskingEnds: sites - minimumSurvivors,
    lostAfter: sites - threshold,
    colluding: { passive: threshold - 1, active: 2 * threshold - sites - 1 },
    mode,
  };
}

function sizesOf(cohort: number, groupSize: number | null): readonly { sites: number; count: number }[] {
  const { groups, largest } = divisionOf(cohort, groupSize);
  const smaller = groups * largest - cohort;
  const sizes = [
    { sites: largest, count: groups - smaller },
    { sites: largest - 1, count: smaller },
  ];
  return sizes.filter(({ count }) => count > 0);
}

/** log2 of the sum of 2^x; the largest is taken out, for a double ends at 2^-1074. */
function log2Sum(values: readonly number[]): number {
  const largest = Math.max(...values);
  if (largest === -Infinity) return largest;
  return largest + Math.log2(values.reduce((sum, value) => sum + 2 ** (value - largest), 0));
}

function assertFractions(...fractions: readonly number[]): void {
  const wrong = fractions.find((fraction) => !(fraction >= 0 && fraction <= 1));
  if (wrong === undefined) return;
  throw new AggregationError('malformed', `A fraction of the sites is a number 0 .. 1, not ${wrong}.`);
}
