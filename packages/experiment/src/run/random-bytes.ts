import { createCipheriv, createHash } from 'node:crypto';
import type { RandomSource } from '@noren/secure-aggregation';

/** Reproducible bytes for the rounding of an experiment: an AES-256-CTR stream from a seed. Never for keys or masks. */
export function randomBytes(seed: number): RandomSource {
  const key = createHash('sha256').update(`noren/experiment/${seed}`).digest();
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return (count) => new Uint8Array(stream.update(Buffer.alloc(count)));
}
