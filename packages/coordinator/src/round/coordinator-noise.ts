import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import { DiscreteGaussian, TreeNoise } from '@noren/privacy';
import type { RandomSource, Rational, TreeNode } from '@noren/privacy';
import type { PlanPrivacy } from '@noren/protocol';

import { CoordinatorError } from '../coordinator-error.ts';
import type { NoiseKeys } from '../noise/noise-keys.ts';

/** Gives one sum's noise, of Gaussians of this variance in squared quanta, element by element in whole quanta. */
export type NoiseSource = (variance: Rational) => () => number;

/**
 * Where the noise comes from that the coordinator adds to a round's sum: fresh, or, in a tree, what lies between the last prefix
 * that was opened and this round's. Rounds that failed before their sum was open are elements without anybody in them, so the
 * tree goes on from where the sums do.
 *
 * @param opened last leaf of the plan's tree whose sum was opened, 0 for none
 * Throws CoordinatorError `noise-key-missing`.
 */
export async function noiseSource(
  privacy: PlanPrivacy | null | undefined,
  opened: number,
  keys: NoiseKeys,
): Promise<NoiseSource> {
  const place = privacy?.mechanism?.place;
  if (place === undefined) return freshNoise;
  const key = await keys.key(place.tree);
  let taken = false;
  return (variance) => {
    // The same noise on two sums is none on their difference. The plan admits no cohort that would be divided.
    if (taken) throw new CoordinatorError('plan-mismatch', 'A round of a tree has one sum.');
    taken = true;
    return new TreeNoise({ variance, randomOf: nodeRandomness(key) }).between(opened, place.leaf);
  };
}

/** For a sum of its own. */
export function freshNoise(variance: Rational): () => number {
  const gaussian = new DiscreteGaussian(variance, randomBytes);
  return () => Number(gaussian.sample());
}

/** AES-256-CTR under HMAC-SHA256(key, node): the same bytes for a node each time, unknown to whoever lacks the key. */
function nodeRandomness(key: Uint8Array): (node: TreeNode) => RandomSource {
  return ({ level, index }) => {
    const ofNode = createHmac('sha256', key).update(`noren/tree-noise/v1 ${level} ${index}`).digest();
    const stream = createCipheriv('aes-256-ctr', ofNode, Buffer.alloc(16));
    return (bytes) => stream.update(new Uint8Array(bytes));
  };
}
