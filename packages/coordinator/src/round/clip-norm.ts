import { adaptsClipNorm, clipNormAfter, unclippedShare } from '@noren/protocol';
import type { PlanPrivacy } from '@noren/protocol';

import type { GroupMean } from './group-sum.ts';

/** What an opened sum said about the clip norm, and where the norm went: with its noise, so that it may be told. */
export interface ClippingEvidence {
  /** Noised share of the sampled customers that were not clipped. */
  readonly unclipped: number;
  /** Of the next round. */
  readonly clipNorm: number;
}

/** What the sums that a round is made of say together; null where the plan's clip norm is fixed. */
export function clippingEvidence(
  privacy: PlanPrivacy | null | undefined,
  sums: readonly Pick<GroupMean, 'count'>[],
): ClippingEvidence | null {
  if (privacy == null || !adaptsClipNorm(privacy)) return null;
  // Each sum has the whole noise of its own.
  const count = sums.reduce((total, sum) => total + (sum.count ?? 0), 0);
  const unclipped = unclippedShare(count, privacy);
  return { unclipped, clipNorm: clipNormAfter(privacy, unclipped) };
}
