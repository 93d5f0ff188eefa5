import type { GaussianSteps } from '@noren/privacy';

import { customerSamplingRate } from './plan-privacy.ts';
import type { PlanPrivacy } from './plan-privacy.ts';
import { sharesTree, treeSteps } from './plan-tree.ts';

/**
 * What that many rounds of a plan cost one customer, for the accountant. A tree costs what it costs in its first round, whether
 * or not the others follow.
 */
export function privacyCost(privacy: PlanPrivacy, rounds: number): GaussianSteps {
  const { noiseMultiplier } = privacy;
  if (!sharesTree(privacy)) return { noiseMultiplier, samplingRate: customerSamplingRate(privacy), steps: rounds };
  const trees = Math.ceil(rounds / privacy.mechanism.rounds);
  return { noiseMultiplier, samplingRate: 1, steps: trees * treeSteps(privacy) };
}
