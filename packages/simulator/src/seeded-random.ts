import { createCipheriv, createHash } from 'node:crypto';

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

/** A stream of bytes that the same parts repeat, where a real site takes cryptographic ones. */
export function seededBytes(...parts: readonly (string | number)[]): (bytes: number) => Uint8Array {
  const key = createHash('sha256').update(JSON.stringify(parts)).digest();
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return (bytes) => stream.update(new Uint8Array(bytes));
}
