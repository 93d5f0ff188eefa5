import { ringBytes } from '../masks/ring.ts';
import { FULL_RING_BITS, type RingBits } from './ring-width.ts';

/*
 * The wire format of ring elements: their low bits one behind the other, lowest first, little-endian, the last byte filled
 * up with zeros. Of 32 bits that is the memory itself.
 */

/** Bytes that `count` elements take. */
export function packedBytes(count: number, bits: RingBits): number {
  return Math.ceil((count * bits) / 8);
}

/** How many elements are packed in that many bytes; null if no number of elements takes just as many. */
export function packedElements(bytes: number, bits: RingBits): number | null {
  // A ring has more than 8 bits, so the filling of the last byte is never taken for an element.
  const count = Math.floor((bytes * 8) / bits);
  return packedBytes(count, bits) === bytes ? count : null;
}

/** The packed elements; of a full ring a view of them, otherwise new memory. */
export function pack(elements: Int32Array, bits: RingBits): Uint8Array {
  if (bits === FULL_RING_BITS) return ringBytes(elements);
  const bytes = packedBytes(elements.length, bits);
  const words = new Int32Array(Math.ceil(bytes / Int32Array.BYTES_PER_ELEMENT));
  packWords(elements, bits, words);
  return new Uint8Array(words.buffer, 0, bytes);
}

/** Fills `target` from `packed`, which must hold that many elements; upper bits of narrow elements become zero. */
export function unpack(packed: Uint8Array, bits: RingBits, target: Int32Array): void {
  if (bits === FULL_RING_BITS) {
    ringBytes(target).set(packed);
    return;
  }
  // A copy, because bytes that came over a network start anywhere; one word more, so that the loop may look ahead.
  const words = new Int32Array(Math.ceil(packed.length / Int32Array.BYTES_PER_ELEMENT) + 1);
  ringBytes(words).set(packed);
  unpackWords(words, bits, target);
}

function packWords(elements: Int32Array, bits: number, words: Int32Array): void {
  const mask = 2 ** bits - 1;
  let word = 0;
  let filled = 0;
  let next = 0;
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i]! & mask;
    word |= element << filled;
    filled += bits;
    if (filled >= FULL_RING_BITS) {
      words[next++] = word;
      filled -= FULL_RING_BITS;
      // What did not fit; nothing if the word ended with the element.
      word = element >>> (bits - filled);
    }
  }
  if (filled > 0) words[next] = word;
}

function unpackWords(words: Int32Array, bits: number, target: Int32Array): void {
  const mask = 2 ** bits - 1;
  let next = 0;
  let used = 0;
  for (let i = 0; i < target.length; i++) {
    // Two shifts, because a shift by 32 would be none at all.
    target[i] = ((words[next]! >>> used) | ((words[next + 1]! << 1) << (31 - used))) & mask;
    used += bits;
    if (used >= FULL_RING_BITS) {
      used -= FULL_RING_BITS;
      next += 1;
    }
  }
}
