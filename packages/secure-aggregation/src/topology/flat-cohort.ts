import { groupParameters, MAXIMUM_SITES, type GroupParameters } from '../group-parameters.ts';
import { hashFields, uint32 } from '../keys/bytes.ts';
import { mostOf } from './fractions.ts';
import { log2AtMost } from './hypergeometric.ts';
import { widthOf, type RankedSite } from './ranking.ts';
import { LARGEST_GROUP } from './sizes.ts';
import { corruptBound, corruptBoundOfTwo, windowParameters, windowThreshold } from './windows.ts';

/** Of the cohort, from keys to reveals: a tenth of the sites at worst, wherever they stand in the ring. */
export const LOST_FRACTION = 0.1;

/** A round comes to no sum with 2^-20 at most while no more than `LOST_FRACTION` is lost at random. */
export const ABORT_BITS = 20;

/** Who vouches for the survivors: as many as one random group has, or more where these would be too few. */
const FEWEST_SIGNERS = 100;
const MOST_SIGNERS = 250;

/** A site holds a share of its own secrets, too. */
const LARGEST_DEGREE = MAXIMUM_SITES - 1;

/** How a cohort stands in the ring of all that are registered. */
export interface CohortRing {
  /** 3 .. 10,000, of the cohort. */
  readonly sites: number;
  readonly registered: number;
  /** The most ranks from first to last that so many sites span which follow each other in the cohort. */
  readonly widest: (sites: number) => number;
}

/** The ring of a cohort that is all there is. */
export function wholeRing(sites: number): CohortRing {
  return { sites, registered: sites, widest: (count) => count };
}

/** @param order the cohort by rank */
export function ringAmong(order: readonly RankedSite[], registered: number): CohortRing {
  const widest = (sites: number): number =>
    order.reduce(
      (most, first, place) => Math.max(most, widthOf(first, order[(place + sites - 1) % order.length]!, registered)),
      0,
    );
  return { sites: order.length, registered, widest };
}

/**
 * What a flat cohort tolerates; null if too many of the registered sites are missing. Of a roster of up to 128 sites it is one
 * complete graph, and so are up to 128 sites of a larger one, with a threshold that stands whoever is left out. Larger cohorts mask
 * in a Harary graph (Bell et al., CCS 2020) on the ring in which the registrar's seed ranks all that are registered, planned for
 * the corrupt tenth that random groups are planned for, so that nobody gives security away for the larger sum, and for as many
 * sites lost. Against an active coordinator with these corrupt sites, whomever it leaves out, three things hold, all but with
 * probability 2^-50 for a roster (see windows.ts):
 *
 * - **One list.** Neighbours could be asked to sign only what their neighbours see, and two far stretches of the ring might be
 *   shown different survivors. So one stretch signs for all, `signatures` of `signers`: two lists would need
 *   2 signatures <= signers + corrupt among them (`windowThreshold`).
 * - **Never both secrets** of an honest site, even if there were two lists: 2t > (k + 1) + c for the c corrupt among its k
 *   neighbours, k + 1 because it holds a share of its own. The neighbourhood is in a window of the ring.
 * - **Not in parts.** The coordinator may declare lost whom it likes. To see the sum of some survivors apart from the others it
 *   has to cut the ring in two places, each k/2 sites wide, without an honest survivor. The sites at the brink are opened
 *   by t shares, of which their honest neighbours on one side and they themselves have k/2 + 1: so t - k/2 - 1 sites in either
 *   cut are corrupt, in two windows that do not overlap.
 *
 * What is opened is then the sum of all survivors, of two thirds of the cohort at least, or nothing. The graph is the least that a
 * lost tenth does not close; where none is large enough, the largest.
 *
 * @throws AggregationError as `groupParameters`
 */
export function flatParameters(ring: CohortRing): GroupParameters | null {
  const { sites, registered } = ring;
  if (!(registered > LARGEST_GROUP)) return groupParameters(sites);
  if (!(sites > LARGEST_GROUP)) return windowParameters(sites, { registered, width: registered });
  const graph = leastGraph(ring);
  const signing = leastSigners(ring);
  if (graph === null || signing === null) return null;
  const minimumSurvivors = Math.floor((2 * sites) / 3) + 1;
  return { sites, ...graph, ...signing, minimumSurvivors, mode: 'active' };
}

function leastGraph(ring: CohortRing): Pick<GroupParameters, 'holders' | 'threshold'> | null {
  let largest: Pick<GroupParameters, 'holders' | 'threshold'> | null = null;
  for (let degree = 2; degree <= Math.min(LARGEST_DEGREE, ring.sites - 2); degree += 2) {
    const threshold = thresholdOf(ring, degree);
    if (threshold > degree) continue;
    largest = { holders: degree + 1, threshold };
    if (log2Fewer(ring.sites, degree, threshold) + Math.log2(ring.sites) < -ABORT_BITS - 1) break;
  }
  return largest;
}

function thresholdOf({ registered, widest }: CohortRing, degree: number): number {
  const corrupt = corruptBound({ registered, width: widest(degree + 1) }) - 1;
  const inCut = corruptBoundOfTwo({ registered, width: widest(degree / 2) });
  return Math.max(Math.floor((degree + 1 + corrupt) / 2) + 1, degree / 2 + 1 + inCut);
}

function leastSigners({
  sites,
  registered,
  widest,
}: CohortRing): Pick<GroupParameters, 'signers' | 'signatures'> | null {
  let largest: Pick<GroupParameters, 'signers' | 'signatures'> | null = null;
  for (let signers = FEWEST_SIGNERS; signers <= Math.min(MOST_SIGNERS, sites); signers += 10) {
    const signatures = windowThreshold(signers, { registered, width: widest(signers) });
    if (signatures > signers) continue;
    largest = { signers, signatures };
    if (log2Fewer(sites, signers, signatures) < -ABORT_BITS - 1) break;
  }
  return largest;
}

/** log2 of the probability that of `among` fewer than `needed` stay, where `LOST_FRACTION` of the sites is lost at random. */
function log2Fewer(sites: number, among: number, needed: number): number {
  const staying = { population: sites, marked: sites - mostOf(LOST_FRACTION, sites), draws: among };
  return log2AtMost(staying, needed - 1);
}

/** The cohort's ring from the site on with which those begin that sign for all: in each round others, and nobody's choice. */
export function ringFrom(
  order: readonly RankedSite[],
  { seed, round }: { readonly seed: Uint8Array; readonly round: number },
): readonly string[] {
  const drawn = hashFields('first-signer', [seed, uint32(round)]);
  const start = new DataView(drawn.buffer, drawn.byteOffset).getUint32(0) % order.length;
  return [...order.slice(start), ...order.slice(0, start)].map(({ siteId }) => siteId);
}
