import { privacyCost, sharesTree, treeSteps, type PlanPrivacy } from '@noren/protocol';
import type { Spending } from './spending.ts';

/** What the ledger says of a round of the plan. */
export function roundCost(
  privacy: PlanPrivacy,
): Pick<Spending, 'mode' | 'noiseMultiplier' | 'samplingRate'> & Pick<Partial<Spending>, 'tree'> {
  const { mode } = privacy;
  const { noiseMultiplier, samplingRate } = privacyCost(privacy, 1);
  const place = sharesTree(privacy) ? privacy.mechanism.place : undefined;
  if (!sharesTree(privacy) || place === undefined) return { mode, noiseMultiplier, samplingRate };
  const tree = { name: place.tree, leaf: place.leaf, steps: treeSteps(privacy) };
  return { mode, noiseMultiplier, samplingRate, tree };
}
