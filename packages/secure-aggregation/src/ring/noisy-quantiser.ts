import { AggregationError } from '../errors.ts';
import type { RandomSource } from '../keys/random.ts';
import { secureRandom } from '../keys/random.ts';
import { MaskStream, PIECE_WORDS } from '../masks/mask-stream.ts';
import { finish, inTurns, nextTurn, type Steps, type YieldTurn } from '../turns.ts';
import { encoding, EXTRA_ELEMENTS, largestScale, SMALLEST_NORM } from './quantiser.ts';
import { ringBitsFor } from './ring-width.ts';

/** What a sum that carries noise is made of. Norms in the vector's units. */
export interface NoisySumRules {
  /** Most sites whose values, and noise, a sum may hold, 1 .. 2^20. */
  readonly sites: number;
  /** Elements of the vector. */
  readonly length: number;
  /** L2 norm to which each site's vector is clipped, >= 1e-30. */
  readonly sumNorm: number;
  /** L2 norm of the most that one customer changes one site's vector by, before rounding, > 0. */
  readonly sensitivity: number;
  /** Most sites whose vectors one customer changes, 1, 2, 3, ... */
  readonly sitesPerCustomer: number;
  /** Standard deviation of the sum's noise / the most that one customer changes the sum by, after rounding, > 0. */
  readonly noiseMultiplier: number;
  /**
   * Each site adds a share, of which that many are the whole noise; or the coordinator adds it to the opened sum, in one piece or
   * as the noise of up to that many nodes of a tree over many sums, each of which is the whole.
   */
  readonly noiseFrom: { readonly shares: number } | 'coordinator' | { readonly nodes: number };
  /**
   * What one customer more moves the count by that goes beside the vector, in the vector's units; without it there is none.
   * `sensitivity` then holds for vector and count together.
   */
  readonly countUnit?: number | undefined;
  /** As `quantiserFor`. */
  readonly valueBits?: number | undefined;
}

/** How reals become ring elements with room for the noise; lengths in quanta, standard deviations whole numbers of them. */
export interface NoisyQuantiser {
  readonly sumNorm: number;
  readonly scale: number;
  /** L2 norm of the most that one customer changes the sum of the rounded vectors by. */
  readonly sensitivity: number;
  /** Of the discrete Gaussian that each site adds to each element; 0 where the coordinator adds the noise. */
  readonly siteNoise: number;
  /** Of what the coordinator adds, or of each node that it adds; 0 where the sites do. */
  readonly coordinatorNoise: number;
  /** Most of these that one sum gets. */
  readonly coordinatorNodes: number;
  /** Quanta that stand for one customer of the count; 0 where nobody is counted. */
  readonly countScale: number;
}

/** One site's part of a noisy sum, or the sum itself. */
export interface NoisyPart {
  readonly vector: Float32Array;
  /** Customers of some kind less half of all, so that one more or less moves it by a half; null where nobody is counted. */
  readonly count: number | null;
}

/** Standard deviations that the ring leaves room for: a Gaussian is beyond with probability 2 e^-72 = 1e-31. */
export const NOISE_REACH = 12;

/**
 * Below it a sum of discrete Gaussians would not be one for every purpose; from here on the difference is far below what a
 * double can hold (`sharedNoiseDivergence` in @noren/privacy: e^(-2 pi^2 8^2 / 2) = 1e-274 an element).
 */
const LEAST_NOISE = 8;

/**
 * Of a customer's part of a sum: what float32 rounding of sums of gradients may add to it (docs/privacy.md). Clipping to
 * `sumNorm` adds nothing: it is the projection onto a ball, and a projection brings no two vectors further apart.
 */
const ROUNDING = 2 ** -10;

/**
 * The finest quantiser for which neither the values nor, but with probability 1e-31 an element, the noise leave the ring:
 *
 *   sites * (ceil(sumNorm * scale) + 2) + 12 * (standard deviation of all the noise in the sum) < 2^(R-1)
 *
 * The noise is measured against the sensitivity after rounding, sensitivity * scale + sqrt(length) a site: whatever dither the
 * elements are rounded with, two roundings by the same dither differ by less than 1 more than what was rounded, in each
 * element. So the bound holds for every dither, and hence for a random one that is independent of the data.
 *
 * @throws AggregationError `out-of-range` also when so few bits are left that the noise would be coarser than its grid, or
 *   mostly there to hide the rounding
 */
export function noisyQuantiserFor(rules: NoisySumRules): NoisyQuantiser {
  const { sites, length, sumNorm, sitesPerCustomer, noiseMultiplier, noiseFrom, countUnit } = rules;
  const positive = [sumNorm, rules.sensitivity, noiseMultiplier, countUnit ?? 1].every(
    (value) => value > 0 && Number.isFinite(value),
  );
  const ofSites = noiseFrom !== 'coordinator' && 'shares' in noiseFrom;
  const shares = ofSites ? noiseFrom.shares : 1;
  const nodes = noiseFrom !== 'coordinator' && 'nodes' in noiseFrom ? noiseFrom.nodes : 1;
  const counted = [length, sitesPerCustomer, shares, nodes].every((value) => Number.isSafeInteger(value) && value > 0);
  if (!positive || !counted || sumNorm < SMALLEST_NORM) {
    throw new AggregationError('out-of-range', `A noisy sum cannot be made by ${JSON.stringify(rules)}.`);
  }
  const limit = 2 ** (ringBitsFor(sites, rules.valueBits) - 1) - 1;
  const sensitivity = sitesPerCustomer * rules.sensitivity * (1 + ROUNDING);
  const dithers = sitesPerCustomer * Math.sqrt(length + (countUnit === undefined ? 0 : 1));
  const reach = NOISE_REACH * Math.sqrt(ofSites ? sites : nodes);
  const share = noiseMultiplier / Math.sqrt(shares);
  // Quanta of a site: one for the rounding of values, one for the last bit of their product, one for `blur`. One for the noise's
  // own ceiling.
  const room = limit - 3 * sites - reach * (share * dithers + 1);
  const largest = room / (sites * sumNorm + reach * share * sensitivity);
  if (!(largest > 0)) throw tooFewBits(rules, 'there is no room for the noise');
  const scale = largestScale(sumNorm, Math.floor(largest * sumNorm));
  const rounded = sensitivity * scale + dithers;
  const noise = Math.ceil(share * rounded);
  if (!(scale > 0) || noise < LEAST_NOISE) throw tooFewBits(rules, `the noise would be ${noise} quanta`);
  if (dithers > sensitivity * scale) throw tooFewBits(rules, 'most of the noise would be against rounding');
  return {
    sumNorm,
    scale,
    sensitivity: rounded,
    siteNoise: ofSites ? noise : 0,
    coordinatorNoise: ofSites ? 0 : noise,
    coordinatorNodes: nodes,
    countScale: (countUnit ?? 0) * scale,
  };
}

/** Elements of a masked vector that get noise: the vector's own and, where there is one, the count. */
export function noisyElements(maskedLength: number, { countScale }: NoisyQuantiser): number {
  return maskedLength - EXTRA_ELEMENTS + (countScale > 0 ? 1 : 0);
}

/**
 * One site's part, clipped and rounded stochastically, not yet noised: [ round(clip(vector) * scale), 1, round(count *
 * countScale) ]; where the coordinator adds the noise, blurred by a quantum. Every site has the same weight, and whether its vector was clipped is not said: neither may depend on who
 * takes part.
 *
 * The count is cut off at the vector's bound, so that the room of an element suffices for it. Cut off apart, both still are
 * projections onto convex sets, together onto their product, which brings no two parts further apart.
 *
 * @throws AggregationError `out-of-range`, `malformed` for a count where the quantiser has none, or none where it has
 */
export function encodeNoisySum(
  part: NoisyPart,
  quantiser: NoisyQuantiser,
  random: RandomSource = secureRandom,
): Int32Array {
  return finish(noisyEncoding(part, quantiser, random));
}

/** `encodeNoisySum` in turns with other work of the thread; `yieldTurn` is awaited after some milliseconds of work each. */
export async function encodeNoisySumInTurns(
  part: NoisyPart,
  quantiser: NoisyQuantiser,
  yieldTurn: YieldTurn = nextTurn,
): Promise<Int32Array> {
  return inTurns(noisyEncoding(part, quantiser, secureRandom), yieldTurn);
}

function* noisyEncoding(
  { vector, count }: NoisyPart,
  { sumNorm, scale, siteNoise, countScale }: NoisyQuantiser,
  random: RandomSource,
): Steps<Int32Array> {
  if ((count !== null) !== countScale > 0 || !Number.isFinite(count ?? 0)) {
    throw new AggregationError('malformed', `A count of ${count} does not fit ${countScale} quanta for each customer.`);
  }
  const elements = yield* encoding(vector, 1, { clipNorm: sumNorm, scale, weightScale: 1, rotation: null }, random);
  const bound = sumNorm * scale;
  const quanta = Math.max(-bound, Math.min(bound, (count ?? 0) * countScale));
  const dither = new DataView(random(4).slice().buffer).getUint32(0) / 2 ** 32;
  elements[vector.length + 1] = Math.floor(quanta + dither);
  if (siteNoise === 0) yield* blur(elements.subarray(0, vector.length), random);
  return elements;
}

/**
 * Adds -1, 0 or 1 to each element, with probabilities 1/4, 1/2, 1/4. A site without noise of its own may have sampled nobody:
 * zeros, which rounding leaves as they are. The hash of its masked vector is in the sum's transcript, and sites that
 * together can take its masks off would know them by it, where a sum that the coordinator has noised shall be all they see.
 */
function* blur(elements: Int32Array, random: RandomSource): Steps<void> {
  const uniform = new MaskStream(random(32));
  for (let start = 0; start < elements.length; start += PIECE_WORDS) {
    const piece = elements.subarray(start, start + PIECE_WORDS);
    const bits = uniform.next(piece.length);
    for (let i = 0; i < piece.length; i++) piece[i]! += (bits[i]! & 1) - ((bits[i]! >> 1) & 1);
    yield;
  }
}

/** Adds noise for the first `noisyElements`, modulo 2^32; a count's is the last. */
export function addNoise(elements: Int32Array, noise: Int32Array): void {
  const length = elements.length - EXTRA_ELEMENTS;
  if (noise.length !== length && noise.length !== length + 1) {
    throw new AggregationError('malformed', `${noise.length} values of noise do not fit ${elements.length} elements.`);
  }
  for (let i = 0; i < length; i++) elements[i] = (elements[i]! + noise[i]!) | 0;
  // Between the vector and its count stands the number of sites.
  if (noise.length > length) elements[length + 1] = (elements[length + 1]! + noise[length]!) | 0;
}

/**
 * The sum of the vectors and of the counts, noise and all.
 *
 * @param sum centred ring elements
 * @throws AggregationError `out-of-range` if it is no sum of `survivors` parts of `encodeNoisySum`
 */
export function decodeNoisySum(sum: Int32Array, survivors: number, { scale, countScale }: NoisyQuantiser): NoisyPart {
  const length = sum.length - EXTRA_ELEMENTS;
  const counted = sum[length + 1] ?? 0;
  if (length < 1 || sum[length] !== survivors || (countScale === 0 && counted !== 0)) {
    throw new AggregationError('out-of-range', `The sum is not that of ${survivors} sites of a private round.`);
  }
  return {
    vector: Float32Array.from(sum.subarray(0, length), (quanta) => quanta / scale),
    count: countScale === 0 ? null : counted / countScale,
  };
}

function tooFewBits({ sites, valueBits }: NoisySumRules, what: string): AggregationError {
  const bits = valueBits === undefined ? 'the ring' : `values of ${valueBits} bits`;
  return new AggregationError(
    'out-of-range',
    `With ${sites} sites ${bits} cannot hold the sum and its noise: ${what}. ` +
      "Give more bits, a site's sum a smaller bound, or other noise.",
  );
}
