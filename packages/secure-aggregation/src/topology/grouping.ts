import { AggregationError } from '../errors.ts';
import { groupParameters, type GroupParameters } from '../group-parameters.ts';
import { HASH_BYTES, uint32 } from '../keys/bytes.ts';
import { flatParameters, ringAmong, ringFrom, wholeRing } from './flat-cohort.ts';
import { ranked, rankedCohort, widthOf } from './ranking.ts';
import { LARGEST_GROUP, MAXIMUM_COHORT } from './sizes.ts';
import { windowParameters } from './windows.ts';

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
  /**
   * Ids of the sites that the registrar lists as active, ascending: among all of them the ranking is drawn, whoever takes part.
   * Null without a registrar, where the coordinator says who there is, and the cohort is all there is.
   */
  readonly registered: readonly string[] | null;
}

/** Sites that mask together. */
export interface DrawnGroup {
  /** Ids, ascending. */
  readonly sites: readonly string[];
  readonly parameters: GroupParameters;
  /** Of a flat cohort the ids in the order of its ring, from the first of those that sign for all. Null for groups. */
  readonly ring: readonly string[] | null;
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
export function checkedGrouping({ seed, round, groupSize, topology = 'groups', registered }: Grouping): Grouping {
  if (seed.length !== HASH_BYTES) {
    throw new AggregationError('malformed', `A group seed has ${HASH_BYTES} bytes, not ${seed.length}.`);
  }
  if (!Number.isSafeInteger(round) || round < 1 || round > 0xffff_ffff) {
    throw new AggregationError('malformed', `Groups are drawn for a round 1 .. 2^32 - 1, not ${round}.`);
  }
  const sound =
    groupSize === null ||
    (Number.isSafeInteger(groupSize) && groupSize >= SMALLEST_ROBUST_GROUP && groupSize <= LARGEST_ROBUST_GROUP);
  if (!sound) {
    throw new AggregationError(
      'malformed',
      `A robust group has ${SMALLEST_ROBUST_GROUP} .. ${LARGEST_ROBUST_GROUP} sites, not ${groupSize}.`,
    );
  }
  if (groupSize !== null && topology === 'flat') {
    throw new AggregationError('malformed', 'A flat cohort has no group size.');
  }
  if (registered?.some((siteId, at) => at > 0 && siteId <= registered[at - 1]!)) {
    throw new AggregationError('malformed', 'The registered sites must ascend, each listed once.');
  }
  return { seed: new Uint8Array(seed), round, groupSize, topology, registered: registered && Array.from(registered) };
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
 * What such a group tolerates where all registered sites take part; where some are missing its threshold is higher.
 *
 * @throws AggregationError as `groupParameters`
 */
export function smallestGroupParameters(cohort: number, rule: GroupingRule): GroupParameters {
  const sites = smallestGroup(cohort, rule);
  const flat = rule.topology === 'flat' ? flatParameters(wholeRing(sites)) : null;
  return flat ?? groupParameters(sites);
}

/**
 * The groups of a cohort, with what each tolerates: the same to whoever asks. Sites are ranked by a hash of seed and id, and the
 * ranking is cut into equal parts, so that the same site in the same cohort is always in the same group, and a site more or
 * less moves few others.
 *
 * Large groups keep the ranking as long as the seed: the fewer different sums an update enters, the less they say about it (So
 * et al. 2021). Their thresholds come from the number of corrupt sites in a window of all registered ranks (`windowThreshold`),
 * if more sites are registered than a complete graph holds; of fewer every cohort is one group, with the counts of a complete
 * graph. A flat cohort is one, and stands in that ranking as in a ring.
 *
 * Small groups, whose sums are compared, get another ranking each round; over the rounds that tells who spoils them. They cannot
 * be safe by chance, and have the thresholds of complete graphs.
 *
 * @param cohort site ids in ascending order, none twice
 * @throws AggregationError `too-few-sites`, also if so many of the registered sites are missing that no threshold is safe;
 *   `too-many-sites`; `unknown-identity` for a site that is not registered
 */
export function groupsOf(grouping: Grouping, cohort: readonly string[]): readonly DrawnGroup[] {
  const { seed, round, groupSize, topology, registered } = grouping;
  const { groups } = divisionOf(cohort.length, grouping);
  if (registered !== null) assertAmong(registered, cohort);
  if (groupSize !== null) return cut(ranked('group-rank', seed, uint32(round), cohort), groups).map(completeGroup);
  const population = registered ?? cohort;
  if (population.length <= LARGEST_GROUP && topology !== 'flat') return [completeGroup(cohort)];
  const order = rankedCohort(ranked('group-rank', seed, uint32(0), population), cohort);
  const safe = (parameters: GroupParameters | null): GroupParameters => {
    if (parameters === null) throw tooFewPresent(cohort.length, population.length);
    return parameters;
  };
  if (topology === 'flat') {
    const parameters = safe(flatParameters(ringAmong(order, population.length)));
    return [{ sites: cohort, parameters, ring: ringFrom(order, grouping) }];
  }
  return cut(order, groups).map((group) => {
    const width = widthOf(group[0]!, group.at(-1)!, population.length);
    const parameters = safe(windowParameters(group.length, { registered: population.length, width }));
    return { sites: group.map(({ siteId }) => siteId).sort(), parameters, ring: null };
  });
}

/** @param present of the registered sites */
export function tooFewPresent(present: number, registered: number): AggregationError {
  return new AggregationError(
    'too-few-sites',
    `${present} of the ${registered} registered sites take part: too few, for with so many left out those in league with the coordinator could be brought together.`,
  );
}

function completeGroup(sites: readonly string[]): DrawnGroup {
  return { sites: sites.toSorted(), parameters: groupParameters(sites.length), ring: null };
}

function cut<Item>(order: readonly Item[], groups: number): readonly (readonly Item[])[] {
  const at = (group: number): number => Math.floor((group * order.length) / groups);
  return Array.from({ length: groups }, (_, group) => order.slice(at(group), at(group + 1)));
}

function assertAmong(registered: readonly string[], cohort: readonly string[]): void {
  const known = new Set(registered);
  const invented = cohort.filter((siteId) => !known.has(siteId));
  if (invented.length === 0) return;
  throw new AggregationError('unknown-identity', `${invented.join(', ')} not registered.`, invented);
}
