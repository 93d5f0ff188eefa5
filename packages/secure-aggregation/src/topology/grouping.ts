import { AggregationError } from '../errors.ts';
import { groupParameters, type GroupParameters } from '../group-parameters.ts';
import { HASH_BYTES, uint32 } from '../keys/bytes.ts';
import { flatParameters } from './flat-cohort.ts';
import { randomGroupThreshold } from './random-groups.ts';
import { ranked } from './ranking.ts';
import { LARGEST_GROUP, MAXIMUM_COHORT } from './sizes.ts';

/**
 * - `groups`: a large cohort is divided into groups, each a complete graph with a sum of its own
 * - `flat`: a cohort masks in one graph and has one sum; a large one in a sparse graph (see `flatParameters`)
 */
export type Topology = 'groups' | 'flat';

/** How a round's cohort is divided. Every party has it from the plan and the registrar's roster. */
export interface Grouping {
  /** 32 bytes that were drawn by somebody else than the coordinator, after the sites' ids were fixed. */
  readonly seed: Uint8Array;
  /** Number of the round within the federation, 1 .. 2^32 - 1: small groups are drawn anew each round. */
  readonly round: number;
  /**
   * Sites that every group has at least, 4 .. 64, where the sums of many small groups are compared (see `robust`). Null: groups
   * as large as privacy asks, 64 .. 128.
   */
  readonly groupSize: number | null;
  /** `groups` if it is not said. Flat cohorts have no group size. */
  readonly topology?: Topology | undefined;
}

/** What the sizes of groups depend on. */
export type GroupingRule = Pick<Grouping, 'groupSize' | 'topology'>;

/** The sizes into which a cohort is divided. */
export interface Division {
  readonly groups: number;
  /** Sites of the largest group; the others have as many or one less. */
  readonly largest: number;
}

/** What large cohorts are divided into, about. */
const PRIVATE_GROUP = 100;

export const SMALLEST_ROBUST_GROUP = 4;
export const LARGEST_ROBUST_GROUP = 64;

/** A checked copy. @throws AggregationError `malformed` */
export function checkedGrouping({ seed, round, groupSize, topology = 'groups' }: Grouping): Grouping {
  if (seed.length !== HASH_BYTES) {
    throw new AggregationError('malformed', `A group seed has ${HASH_BYTES} bytes, not ${seed.length}.`);
  }
  if (!Number.isSafeInteger(round) || round < 1 || round > 0xffff_ffff) {
    throw new AggregationError('malformed', `Groups are drawn for a round 1 .. 2^32 - 1, not ${round}.`);
  }
  const sound =
    groupSize === null ||
    (Number.isSafeInteger(groupSize) && groupSize >= SMALLEST_ROBUST_GROUP && groupSize <= LARGEST_ROBUST_GROUP);
  if (sound && (groupSize === null || topology === 'groups')) {
    return { seed: new Uint8Array(seed), round, groupSize, topology };
  }
  if (sound) throw new AggregationError('malformed', 'A flat cohort has no group size.');
  throw new AggregationError(
    'malformed',
    `A robust group has ${SMALLEST_ROBUST_GROUP} .. ${LARGEST_ROBUST_GROUP} sites, not ${groupSize}.`,
  );
}

/**
 * Into how many groups a cohort is divided: one up to 128 sites, or if it is flat; else groups of about a hundred, 64 .. 128; of
 * small groups as many as the sites fill.
 *
 * @param cohort 1 .. 10,000
 * @throws AggregationError `too-many-sites`
 */
export function divisionOf(cohort: number, { groupSize, topology }: GroupingRule): Division {
  if (cohort > MAXIMUM_COHORT) {
    throw new AggregationError('too-many-sites', `A round has ${MAXIMUM_COHORT} sites at most, not ${cohort}.`);
  }
  if (topology === 'flat') return { groups: 1, largest: cohort };
  const groups =
    groupSize === null
      ? Math.max(Math.ceil(cohort / LARGEST_GROUP), cohort > LARGEST_GROUP ? Math.round(cohort / PRIVATE_GROUP) : 1)
      : Math.max(1, Math.floor(cohort / groupSize));
  return { groups, largest: Math.ceil(cohort / groups) };
}

/** Fewest sites that a group can have where the cohort has so many, or more. */
export function smallestGroup(cohort: number, { groupSize, topology }: GroupingRule): number {
  if (topology === 'flat') return cohort;
  if (groupSize !== null) return Math.min(cohort, groupSize);
  // From 129 sites on there are two groups of 64.
  return Math.min(cohort, Math.floor((LARGEST_GROUP + 1) / 2));
}

/**
 * The groups of a cohort. Sites are ranked by a hash of seed and id, and the ranking is cut into equal parts, so that the same
 * site in the same cohort is always in the same group, and a site more or less moves few others: who wants a certain site
 * among its own has to make every site in between disappear.
 *
 * Large groups keep the ranking as long as the seed: the fewer different sums an update enters, the less they say about it (So
 * et al. 2021). Small ones, whose sums are compared, get another each round; over the rounds that tells who spoils them.
 *
 * @param cohort site ids in ascending order, none twice
 * @returns the ids of each group, ascending
 */
export function groupsOf(grouping: Grouping, cohort: readonly string[]): readonly (readonly string[])[] {
  const { groups } = divisionOf(cohort.length, grouping);
  if (groups === 1) return [cohort];
  const drawing = grouping.groupSize === null ? 0 : grouping.round;
  const order = ranked('group-rank', grouping.seed, uint32(drawing), cohort);
  return Array.from({ length: groups }, (_, group) =>
    order.slice(cut(group, groups, cohort.length), cut(group + 1, groups, cohort.length)).sort(),
  );
}

/**
 * What one group of a cohort tolerates. The threshold of a large random group comes from the tail of the number of
 * corrupt sites in it. Small groups cannot be as safe by chance: they have the threshold of a complete graph.
 *
 * @param sites of the group
 * @param cohort of all groups
 * @throws AggregationError as `groupParameters`
 */
export function parametersWithin(
  sites: number,
  cohort: number,
  { groupSize, topology }: GroupingRule,
): GroupParameters {
  if (topology === 'flat') return flatParameters(sites);
  const complete = groupParameters(sites);
  if (groupSize !== null || sites >= cohort) return complete;
  const threshold = randomGroupThreshold(cohort, sites);
  return { ...complete, threshold, signatures: threshold, minimumSurvivors: threshold };
}

function cut(group: number, groups: number, sites: number): number {
  return Math.floor((group * sites) / groups);
}
