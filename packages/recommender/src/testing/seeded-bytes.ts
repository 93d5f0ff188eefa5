import type { RandomSource } from '@noren/privacy';
import { seededRandom } from '../random/seeded-random.ts';

/** Bytes that repeat for the same seed, where a real site takes cryptographic ones. */
export function seededBytes(seed: number): RandomSource {
  const random = seededRandom(seed, 'bytes');
  return (bytes) => Uint8Array.from({ length: bytes }, () => random.below(256));
}
