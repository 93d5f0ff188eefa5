import { AggregationError } from '../errors.ts';
import { secureRandom, type RandomSource } from '../keys/random.ts';
import { MaskStream, PIECE_WORDS } from '../masks/mask-stream.ts';
import { finish, inTurns, nextTurn, type Steps, type YieldTurn } from '../turns.ts';
import { clippingFactor } from './clipping.ts';
import { ringBitsFor } from './ring-width.ts';
import { rotateBack, rotatedBound, rotatedLength, rotation as rotationOf } from './rotation.ts';

/**
 * How reals become elements of the ring of integers modulo 2^R and back. Part of the plan: all sites of a round must use
 * the same one.
 */
export interface Quantiser {
  /** L2 norm to which every update is clipped, > 0. */
  readonly clipNorm: number;
  /** Quanta per unit of the update. */
  readonly scale: number;
  /** Quanta that stand for a weight of 1; a power of two. */
  readonly weightScale: number;
  /** Whether updates are rotated before they are rounded, and how; null for not at all. */
  readonly rotation: Rotation | null;
}

export interface Rotation {
  /** 32 bytes; the signs come from it. */
  readonly planHash: Uint8Array;
  /** Elements of an update. */
  readonly length: number;
}

export interface DecodedSum {
  /** Weighted mean of the clipped updates. */
  readonly meanUpdate: Float32Array;
  /** Sum of the sites' weights. */
  readonly weight: number;
  /** How many sites' updates were clipped. */
  readonly clipped: number;
}

/**
 * Behind the update's own elements: the weight, and 1 if the update was clipped. Neither is ever seen but in the sum. A
 * round's masked vector has this many elements more than the update.
 */
export const EXTRA_ELEMENTS = 2;

/** Ring elements of a round's masked vector for updates of `length` elements. */
export function maskedLength(length: number, rotated: boolean): number {
  return (rotated ? rotatedLength(length) : length) + EXTRA_ELEMENTS;
}

/** Elements that are rounded between two turns of the event loop: some 5 ms. */
const TURN_LENGTH = 16 * PIECE_WORDS;

/** Beyond these, float32 coordinates or the scale run out of exponents. */
export const SMALLEST_NORM = 1e-30;

/**
 * The finest quantiser for which the sum of `sites` updates cannot leave the ring, whatever they are:
 *
 *   sites * (ceil(B * scale) + 1) < 2^(R-1)   and   sites * (weightScale + 1) < 2^(R-1)
 *
 * where R is the ring's bits: 32, or valueBits + ceil(log2 sites).
 *
 * B is clipNorm, for no coordinate of a vector exceeds its L2 norm; of a rotated one `rotatedBound`, some seven times less,
 * which is nearly three bits. Stochastic rounding goes up to the next integer at most, and the + 1
 * covers the last bit of floating-point multiplication.
 *
 * @param clipNorm in the update's units, 1e-30 .. 1e30
 * @param sites largest number of sites that a sum may have, 1 .. 2^20
 * @param valueBits of one site's values on the wire, as `ringBitsFor`. Weights have as many, so that few bits tell small
 *   weights apart only roughly
 * @throws AggregationError `out-of-range`
 */
export function quantiserFor({
  clipNorm,
  sites,
  valueBits,
  rotation = null,
}: {
  readonly clipNorm: number;
  readonly sites: number;
  readonly valueBits?: number | undefined;
  readonly rotation?: Rotation | null;
}): Quantiser {
  if (!(clipNorm >= SMALLEST_NORM && clipNorm <= 1 / SMALLEST_NORM)) {
    throw new AggregationError(
      'out-of-range',
      `The clipping norm must lie in ${SMALLEST_NORM} .. ${1 / SMALLEST_NORM}, not ${clipNorm}.`,
    );
  }
  // The centred ring holds -2^(R-1) .. 2^(R-1) - 1.
  const limit = 2 ** (ringBitsFor(sites, valueBits) - 1);
  const largestElement = Math.ceil(limit / sites) - 2;
  return {
    clipNorm,
    scale: largestScale(clipNorm * (rotation === null ? 1 : rotatedBound(rotation.length)), largestElement),
    weightScale: 2 ** Math.floor(Math.log2(largestElement)),
    rotation,
  };
}

/**
 * One site's contribution: [ round(w * clip(update) * scale), round(w * weightScale), clipped ? 1 : 0 ], the update's
 * elements rounded stochastically, so that the rounding errors of many sites and rounds average to zero (variance at
 * most 1/4 quantum^2 per element).
 *
 * @param update finite, any length; not changed
 * @param weight (0, 1]; it travels inside the masked vector and nowhere else
 * @param random for the rounding: rounding bits that could be predicted would say more about the update than its rounded
 *   value
 * @returns `maskedLength` ring elements
 * @throws AggregationError `out-of-range`
 */
export function encodeUpdate(
  update: Float32Array,
  weight: number,
  quantiser: Quantiser,
  random: RandomSource = secureRandom,
): Int32Array {
  return finish(encoding(update, weight, quantiser, random));
}

/** `encodeUpdate` in turns with other work of the thread; `yieldTurn` is awaited after some milliseconds of work each. */
export async function encodeUpdateInTurns(
  update: Float32Array,
  weight: number,
  quantiser: Quantiser,
  yieldTurn: YieldTurn = nextTurn,
): Promise<Int32Array> {
  return inTurns(encoding(update, weight, quantiser, secureRandom), yieldTurn);
}

/** Of `encodeUpdate`. */
export function* encoding(
  update: Float32Array,
  weight: number,
  quantiser: Quantiser,
  random: RandomSource,
): Steps<Int32Array> {
  if (!(weight > 0 && weight <= 1)) {
    throw new AggregationError('out-of-range', `A weight is above 0 and at most 1, not ${weight}.`);
  }
  const { norm, clipped, factor } = clippingFactor(update, quantiser.clipNorm);
  if (!Number.isFinite(norm)) {
    throw new AggregationError('out-of-range', 'The update has values that are not finite; it must not be shared.');
  }
  const { rotation, scale, clipNorm } = quantiser;
  if (rotation !== null && update.length !== rotation.length) {
    throw new AggregationError('out-of-range', `The update has ${update.length} values instead of ${rotation.length}.`);
  }
  const values = rotation === null ? update : yield* rotationOf(update, rotation.planHash);
  const vector = new Int32Array(values.length + EXTRA_ELEMENTS);
  const bound = clipNorm * (rotation === null ? 1 : rotatedBound(rotation.length)) * scale + 1;
  const round = rotation === null ? roundPiece : roundPieceWithin;
  const uniform = new MaskStream(random(32));
  for (let start = 0; start < values.length; start += PIECE_WORDS) {
    const piece = values.subarray(start, start + PIECE_WORDS);
    const target = vector.subarray(start, start + piece.length);
    round(piece, factor * weight * scale, bound, target, uniform.next(piece.length));
    if ((start + PIECE_WORDS) % TURN_LENGTH === 0) yield;
  }
  // A site that takes part counts for something, however small its weight.
  vector[values.length] = Math.max(1, Math.round(weight * quantiser.weightScale));
  vector[values.length + 1] = clipped ? 1 : 0;
  return vector;
}

/**
 * The mean of the updates whose encodings were summed.
 *
 * @param sum centred ring elements, at least `EXTRA_ELEMENTS`
 * @throws AggregationError `out-of-range` if the sum carries no weight: it is no sum of encoded updates
 */
export function decodeSum(sum: Int32Array, quantiser: Quantiser): DecodedSum {
  const length = sum.length - EXTRA_ELEMENTS;
  const [quanta, clipped] = [sum[length] ?? 0, sum[length + 1] ?? 0];
  if (length < 0 || quanta <= 0 || clipped < 0) {
    throw new AggregationError('out-of-range', 'The sum carries no weight: it is not a sum of encoded updates.');
  }
  const weight = quanta / quantiser.weightScale;
  const mean = scaled(sum.subarray(0, length), 1 / (quantiser.scale * weight));
  const { rotation } = quantiser;
  const meanUpdate = rotation === null ? mean : rotateBack(mean, rotation.planHash, rotation.length);
  return { meanUpdate, weight, clipped };
}

/** The largest double with ceil(clipNorm * scale) <= limit; division may miss it by a unit in the last place. */
export function largestScale(clipNorm: number, limit: number): number {
  let scale = limit / clipNorm;
  while (Math.ceil(clipNorm * scale) > limit) scale *= 1 - Number.EPSILON;
  return scale;
}

/** target = floor(source * factor + u), u uniform in [0, 1) with 32 bits: up with the probability of the fraction. */
function roundPiece(source: Float32Array, factor: number, bound: number, target: Int32Array, random: Int32Array): void {
  for (let i = 0; i < source.length; i++) {
    const value = source[i]! * factor;
    // Impossible by construction; but a sum that has wrapped looks like any other, so nobody could notice later.
    if (Math.abs(value) > bound) throw new AggregationError('out-of-range', `${value} quanta are beyond ${bound}.`);
    const below = Math.floor(value);
    const up = random[i]! >>> 0 < (value - below) * 2 ** 32;
    target[i] = up ? below + 1 : below;
  }
}

/**
 * The same of a rotated vector, whose bound holds but for one update in 2^40: whatever lies beyond is brought to it, which
 * hurts nobody, where an update refused would cost a round.
 */
function roundPieceWithin(
  source: Float32Array,
  factor: number,
  bound: number,
  target: Int32Array,
  random: Int32Array,
): void {
  for (let i = 0; i < source.length; i++) {
    const value = Math.max(1 - bound, Math.min(bound - 1, source[i]! * factor));
    const below = Math.floor(value);
    const up = random[i]! >>> 0 < (value - below) * 2 ** 32;
    target[i] = up ? below + 1 : below;
  }
}

function scaled(elements: Int32Array, factor: number): Float32Array {
  const values = new Float32Array(elements.length);
  for (let i = 0; i < elements.length; i++) values[i] = elements[i]! * factor;
  return values;
}
