import { readFile } from 'node:fs/promises';

/** Little-endian 32-bit ring elements, as the coordinator keeps sums and sites keep updates. */
export async function readRing(file: string): Promise<Int32Array> {
  const bytes = await readFile(file);
  return new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** The plain sum, wrapping as the ring does (mod 2^32). */
export function ringSum(vectors: readonly Int32Array[]): Int32Array {
  const sum = new Int32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) {
    for (let index = 0; index < sum.length; index += 1) sum[index] = ((sum[index] ?? 0) + (vector[index] ?? 0)) | 0;
  }
  return sum;
}
