import { participationPeriod, privacyCost, sharesTree, treeSteps, type PlanPrivacy } from '@noren/protocol';
import type { Spending } from './spending.ts';

/** What the ledger says of a round of the plan. */
export function roundCost(
  privacy: PlanPrivacy,
): Pick<Spending, 'mode' | 'noiseMultiplier' | 'samplingRate'> & Pick<Partial<Spending>, 'tree'> {
  const { mode } = privacy;
  const { noiseMultiplier, samplingRate } = privacyCost(privacy, 1);
  const place = sharesTree(privacy) ? privacy.mechanism.place : undefined;
  if (!sharesTree(privacy) || place === undefined) return { mode, noiseMultiplier, samplingRate };
  const { tree: name, leaf } = place;
  const tree = { name, leaf, period: participationPeriod(privacy), steps: treeSteps(privacy) };
  return { mode, noiseMultiplier, samplingRate, tree };
}
