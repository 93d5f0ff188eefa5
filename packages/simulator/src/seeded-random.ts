import { createHash } from 'node:crypto';

/** A number in [0, 1) that depends on all parts and on nothing else. */
export function seededShare(...parts: readonly (string | number)[]): number {
  return createHash('sha256').update(JSON.stringify(parts)).digest().readUInt32BE() / 2 ** 32;
}

/** Values in [-1, 1), the same for the same parts. */
export function seededVector(length: number, ...parts: readonly (string | number)[]): Float32Array {
  const vector = new Float32Array(length);
  // Never zero, the one fixed point of xorshift32 (Marsaglia 2003).
  let state = Math.floor(seededShare(...parts) * 2 ** 32) | 1;
  for (let at = 0; at < length; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    vector[at] = (state >>> 0) / 2 ** 31 - 1;
  }
  return vector;
}
