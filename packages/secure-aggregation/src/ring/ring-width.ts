import { AggregationError } from '../errors.ts';

/** Arithmetic is always modulo 2^32; a narrower ring is a matter of which bits travel and which are read. */
export const FULL_RING_BITS = 32;

/** Below this, weights of one in a hundred could no longer be told from one another. */
const SMALLEST_VALUE_BITS = 8;

/** Bits of the ring in which a round's vectors are masked and travel: 10 .. 32. */
export type RingBits = number & { readonly brand: 'RingBits' };

/**
 * Bits of the ring that holds any sum of `sites` two's complement numbers of `valueBits` bits: b + ceil(log2 n).
 * Without `valueBits` the whole machine word, 32.
 *
 * @param sites 1 .. 2^20
 * @param valueBits 8 .. 32, and no more than the word has left beside ceil(log2 sites)
 * @throws AggregationError `out-of-range`
 */
export function ringBitsFor(sites: number, valueBits?: number): RingBits {
  if (!Number.isSafeInteger(sites) || sites < 1 || sites > 2 ** 20) {
    throw new AggregationError('out-of-range', `A sum has 1 .. ${2 ** 20} sites, not ${sites}.`);
  }
  if (valueBits === undefined) return FULL_RING_BITS as RingBits;
  // ceil(log2 n) without the rounding of Math.log2.
  const carries = FULL_RING_BITS - Math.clz32(sites - 1);
  const largest = FULL_RING_BITS - carries;
  if (!Number.isSafeInteger(valueBits) || valueBits < SMALLEST_VALUE_BITS || valueBits > largest) {
    throw new AggregationError(
      'out-of-range',
      `A sum of ${sites} sites has room for values of ${SMALLEST_VALUE_BITS} .. ${largest} bits, not ${valueBits}.`,
    );
  }
  return (valueBits + carries) as RingBits;
}

/** Reads the low `bits` of every element as a two's complement number, in place. */
export function centre(elements: Int32Array, bits: RingBits): void {
  const unused = FULL_RING_BITS - bits;
  if (unused === 0) return;
  for (let i = 0; i < elements.length; i++) elements[i] = (elements[i]! << unused) >> unused;
}
