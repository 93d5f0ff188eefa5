import { AggregationError } from '../errors.ts';
import { mostOf } from './fractions.ts';
import { log2AtLeast, log2AtMost, logFactorial } from './hypergeometric.ts';
import type { Adversary } from './random-groups.ts';

export interface FlatGraph {
  /** Neighbours of every site, k, even. */
  readonly degree: number;
  /** Shares that reconstruct a secret, among a site's neighbours. */
  readonly threshold: number;
}

export interface FlatGraphDemand {
  readonly sites: number;
  /** Fractions of all sites, 0 .. 1. */
  readonly corruptFraction: number;
  readonly lostFraction: number;
  readonly adversary: Adversary;
  /** The protocol is broken with probability 2^-securityBits at most, and comes to no sum with 2^-abortBits at most. */
  readonly securityBits?: number;
  readonly abortBits?: number;
}

/** Beyond it no degree below the complete graph's is likely to do. */
const LARGEST_LOSS = 0.9;

/**
 * The least degree of a randomly numbered Harary graph on all sites, and the least threshold, for which (Bell et al., CCS
 * 2020, section 3; union bounds over sites, half of the security for each of the first two)
 *
 * - the honest sites that stay are connected,
 * - no site has too many corrupt neighbours c: passive c < t, active 2t > k + c,
 * - every site keeps t neighbours.
 *
 * @throws AggregationError `out-of-range` if the demand is none, `too-few-sites` if no such graph exists: the complete graph
 *   remains
 */
export function flatGraph(demand: FlatGraphDemand): FlatGraph {
  const { sites, corruptFraction: corrupt, lostFraction: lost, adversary } = demand;
  const isFraction = corrupt >= 0 && lost >= 0 && corrupt + (adversary === 'active' ? 2 : 1) * lost <= LARGEST_LOSS;
  if (!Number.isSafeInteger(sites) || sites < 3 || sites > 1e6 || !isFraction) {
    throw new AggregationError(
      'out-of-range',
      `No graph stands ${corrupt} corrupt and ${lost} lost of ${sites} sites against an ${adversary} adversary.`,
    );
  }
  for (let degree = 2; degree < sites - 1; degree += 2) {
    const threshold = thresholdOf(degree, demand);
    if (threshold !== null) return { degree, threshold };
  }
  throw new AggregationError('too-few-sites', `${sites} sites are too few for anything but the complete graph.`);
}

function thresholdOf(degree: number, demand: FlatGraphDemand): number | null {
  const { sites, lostFraction, adversary, securityBits = 40, abortBits = 20 } = demand;
  const perEvent = -(securityBits + 1);
  if (log2Disconnected(degree, demand) >= perEvent) return null;
  const most = mostCorrupt(degree, demand, perEvent);
  const threshold = Math.max(2, (adversary === 'active' ? Math.floor((degree + most) / 2) : most) + 1);
  if (threshold > degree) return null;
  const staying = { population: sites, marked: sites - mostOf(lostFraction, sites), draws: degree };
  return log2AtMost(staying, threshold - 1) < -abortBits - Math.log2(sites) ? threshold : null;
}

/** So many corrupt neighbours no site has, but with a probability of 2^perEvent. */
function mostCorrupt(degree: number, { sites, corruptFraction }: FlatGraphDemand, perEvent: number): number {
  const corrupt = { population: sites, marked: mostOf(corruptFraction, sites), draws: degree };
  return leastWhere(degree, (c) => log2AtLeast(corrupt, c + 1) <= perEvent - Math.log2(sites));
}

/**
 * log2 of the probability that a coordinator can cut a ring by declaring sites lost. A cut takes k/2 sites in a row in two places, none of them an honest survivor. The survivor at its brink has k/2 neighbours on
 * the other side and itself to give shares of its secret; the rest of the threshold has to come from corrupt sites in the cut.
 * Stretches that do not overlap are samples of which one has the fewer corrupt sites the more the other has, so that the square
 * is a bound.
 */
export function log2Cut(
  degree: number,
  threshold: number,
  { sites, corruptFraction }: Pick<FlatGraphDemand, 'sites' | 'corruptFraction'>,
): number {
  const stretch = { population: sites, marked: mostOf(corruptFraction, sites), draws: degree / 2 };
  return log2Places(sites, degree) + 2 * log2AtLeast(stretch, threshold - 1 - degree / 2);
}

/**
 * log2 of the probability that corrupt and lost sites by chance cut a ring in parts. A ring in which every site knows the k/2 next
 * on both sides falls apart only if k/2 in a row are gone in two places. There
 * are n (n - k - 1) / 2 pairs of places, and each is gone with C(n - k, b - k) / C(n, b) for b sites gone.
 */
export function log2Disconnected(
  degree: number,
  { sites, corruptFraction, lostFraction }: Pick<FlatGraphDemand, 'sites' | 'corruptFraction' | 'lostFraction'>,
): number {
  const gone = mostOf(corruptFraction, sites) + mostOf(lostFraction, sites);
  if (degree > gone) return -Infinity;
  const both = logFactorial(gone) + logFactorial(sites - degree) - logFactorial(sites) - logFactorial(gone - degree);
  return log2Places(sites, degree) + both * Math.LOG2E;
}

/** Of the pairs of places in which a ring can be cut. */
function log2Places(sites: number, degree: number): number {
  return Math.log2(sites) + Math.log2(sites - degree - 1) - 1;
}

/** The least of 0 .. limit for which `holds`; once it holds it goes on holding, and it holds for `limit`. */
function leastWhere(limit: number, holds: (value: number) => boolean): number {
  let [low, high] = [0, limit];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
