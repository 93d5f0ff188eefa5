import { AggregationError } from '../errors.ts';
import { deriveKey } from '../keys/derivation.ts';
import { HASH_BYTES, utf8 } from '../keys/bytes.ts';
import { MaskStream, PIECE_WORDS } from '../masks/mask-stream.ts';
import { finish, type Steps } from '../turns.ts';

/** Elements that are mixed with one another; 16 KiB stay in the first-level cache. */
export const ROTATION_BLOCK = 4096;

const ORTHONORMAL = 1 / Math.sqrt(ROTATION_BLOCK);

/** Elements that are transformed between two turns of the event loop: some 10 ms. */
const TURN_LENGTH = 64 * ROTATION_BLOCK;

/** With a chance of 2^-40 over the plan's signs, some coordinate of an update lies beyond `rotatedBound`. */
const EXCESS_BITS = 40;

/**
 * The bound B on every coordinate of a rotated vector of norm 1 and `length` elements: each is a sum of the d = 4096 elements
 * of its block under random signs, divided by sqrt(d), so that by Hoeffding's inequality
 *
 *   P[|y| > s for any of l] <= 2 l exp(-s^2 d / 2) = 2^-40   at   s = sqrt(2 ln(2 l / 2^-40) / d)
 *
 * The plan, and with it the signs, is fixed before an update exists.
 */
export function rotatedBound(length: number): number {
  const logOdds = Math.log(2 * Math.max(1, rotatedLength(length))) + EXCESS_BITS * Math.LN2;
  return Math.sqrt((2 * logOdds) / ROTATION_BLOCK);
}

/** Elements of a rotated vector: whole blocks. */
export function rotatedLength(length: number): number {
  return Math.ceil(length / ROTATION_BLOCK) * ROTATION_BLOCK;
}

/**
 * H D x, block by block: random signs D, then the orthonormal Walsh-Hadamard transform H (Suresh et al., ICML 2017, section
 * 3). The norm stays and spreads evenly, so that few bits of quantisation reach every coordinate alike; the signs come from
 * the plan, and all sites of a round rotate alike, so that the sum can be turned back.
 *
 * @param vector any length; not changed
 * @param planHash 32 bytes
 * @returns `rotatedLength(vector.length)` values
 * @throws AggregationError `malformed`
 */
export function rotate(vector: Float32Array, planHash: Uint8Array): Float32Array {
  return finish(rotation(vector, planHash));
}

/** `rotate` in steps of some milliseconds. */
export function* rotation(vector: Float32Array, planHash: Uint8Array): Steps<Float32Array> {
  const rotated = new Float32Array(rotatedLength(vector.length));
  rotated.set(vector);
  flipSigns(rotated, planHash);
  yield;
  yield* transformBlocks(rotated);
  return rotated;
}

/**
 * D H x: what `rotate` was given, up to float32 rounding.
 *
 * @param rotated whole blocks; not changed
 * @param length of the vector that was rotated
 * @throws AggregationError `malformed`
 */
export function rotateBack(rotated: Float32Array, planHash: Uint8Array, length: number): Float32Array {
  if (!Number.isSafeInteger(length) || length < 0 || rotated.length !== rotatedLength(length)) {
    throw new AggregationError('malformed', `${rotated.length} values are no rotated vector of ${length}.`);
  }
  const vector = rotated.slice();
  finish(transformBlocks(vector));
  flipSigns(vector, planHash);
  return vector.slice(0, length);
}

/** One bit of a keystream for every element. */
function flipSigns(vector: Float32Array, planHash: Uint8Array): void {
  if (planHash.length !== HASH_BYTES) {
    throw new AggregationError('malformed', `A plan hash has ${HASH_BYTES} bytes, not ${planHash.length}.`);
  }
  const signs = new MaskStream(deriveKey(planHash, new Uint8Array(0), utf8('noren/rotation/v1')));
  const stretch = PIECE_WORDS * 32;
  for (let start = 0; start < vector.length; start += stretch) {
    const piece = vector.subarray(start, start + stretch);
    flipByBits(piece, signs.next(Math.ceil(piece.length / 32)));
  }
}

function flipByBits(piece: Float32Array, bits: Int32Array): void {
  for (let i = 0; i < piece.length; i++) {
    if ((bits[i >>> 5]! >>> (i & 31)) & 1) piece[i] = -piece[i]!;
  }
}

function* transformBlocks(vector: Float32Array): Steps<void> {
  for (let start = 0; start < vector.length; start += ROTATION_BLOCK) {
    transformBlock(vector.subarray(start, start + ROTATION_BLOCK));
    if ((start + ROTATION_BLOCK) % TURN_LENGTH === 0) yield;
  }
}

/** The fast Walsh-Hadamard transform in place, its own inverse. */
function transformBlock(block: Float32Array): void {
  for (let half = 1; half < ROTATION_BLOCK; half *= 2) {
    for (let from = 0; from < ROTATION_BLOCK; from += 2 * half) {
      for (let i = from; i < from + half; i++) {
        const [a, b] = [block[i]!, block[i + half]!];
        block[i] = a + b;
        block[i + half] = a - b;
      }
    }
  }
  for (let i = 0; i < ROTATION_BLOCK; i++) block[i]! *= ORTHONORMAL;
}
