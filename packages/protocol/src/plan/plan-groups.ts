import { PlanError } from '../protocol-error.ts';
import type { PlanGroup } from './plan.ts';

/**
 * A plan decides about every parameter group of the backbone and about no other.
 * Throws PlanError naming the first unknown or missing group and listing the backbone's groups.
 */
export function checkPlanGroups(groups: Readonly<Record<string, PlanGroup>>, backboneGroups: readonly string[]): void {
  const known = new Set(backboneGroups);
  const unknown = Object.keys(groups).find((name) => !known.has(name));
  const listing = `The backbone has the groups: ${backboneGroups.join(', ')}.`;
  if (unknown !== undefined) {
    throw new PlanError(
      `groups.${unknown}`,
      `The plan names the group "${unknown}", which the backbone does not have. ${listing} Correct the name or remove it.`,
    );
  }
  const missing = backboneGroups.find((name) => !Object.hasOwn(groups, name));
  if (missing !== undefined) {
    throw new PlanError(
      `groups.${missing}`,
      `The plan says nothing about the group "${missing}". ${listing} ` +
        'Add it with a start ("pretrained" or "reinit") and a scope ("frozen", "federated" or "local").',
    );
  }
}
