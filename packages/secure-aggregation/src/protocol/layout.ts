import { groupParameters, isSparse, type GroupParameters } from '../group-parameters.ts';
import { divisionOf, groupsOf, type DrawnGroup, type Grouping } from '../topology/grouping.ts';
import { completeGraph, hararyGraph, type MaskingGraph } from './masking-graph.ts';
import type { SiteNumber } from './site-number.ts';
import { SiteSet } from './site-set.ts';

/**
 * Who masks with whom in one group. It follows from the plan's grouping and the ids of the cohort alone, so that no party can
 * be told another.
 */
export interface Layout {
  /** Ids of the group's sites, ascending; a site's number is its place here. */
  readonly ids: readonly string[];
  /** Ids of the sites of all groups, ascending. */
  readonly cohort: readonly string[];
  readonly parameters: GroupParameters;
  readonly graph: MaskingGraph;
  /** Sites of the largest group: one width of ring and one quantiser for all, so that their sums can be added. */
  readonly ringSites: number;
}

/**
 * The groups of a cohort. Without a grouping it is one.
 *
 * @param cohort ids in ascending order, none twice
 * @throws AggregationError as `groupsOf`
 */
export function layoutsOf(grouping: Grouping | undefined, cohort: readonly string[]): readonly Layout[] {
  return drawn(grouping, cohort).map((group) => layoutOf(grouping, cohort, group));
}

/** The group that the site belongs to; null if it is not of the cohort. @throws AggregationError as `layoutsOf` */
export function layoutAround(grouping: Grouping | undefined, cohort: readonly string[], siteId: string): Layout | null {
  const group = drawn(grouping, cohort).find(({ sites }) => sites.includes(siteId));
  return group === undefined ? null : layoutOf(grouping, cohort, group);
}

function drawn(grouping: Grouping | undefined, cohort: readonly string[]): readonly DrawnGroup[] {
  return grouping === undefined
    ? [{ sites: cohort, parameters: groupParameters(cohort.length), ring: null }]
    : groupsOf(grouping, cohort);
}

function layoutOf(
  grouping: Grouping | undefined,
  cohort: readonly string[],
  { sites: ids, parameters, ring }: DrawnGroup,
): Layout {
  if (grouping === undefined) {
    return { ids, cohort, parameters, graph: completeGraph(ids.length), ringSites: ids.length };
  }
  const graph = ring !== null && isSparse(parameters) ? sparseGraph(ids, ring, parameters) : completeGraph(ids.length);
  return { ids, cohort, parameters, graph, ringSites: divisionOf(cohort.length, grouping).largest };
}

/** Sites whose keys a site needs: its neighbours' to mask and share with, the signers' to know their signatures; its own among them. */
export function knownTo({ graph }: Layout, site: SiteNumber): SiteSet {
  return SiteSet.of([...graph.neighbourhood(site), ...graph.signers]);
}

function sparseGraph(
  ids: readonly string[],
  ring: readonly string[],
  { holders, signers }: GroupParameters,
): MaskingGraph {
  const numbers = new Map(ids.map((siteId, number) => [siteId, number as SiteNumber]));
  const places = ring.map((siteId) => numbers.get(siteId)!);
  return hararyGraph(places, holders - 1, signers);
}
