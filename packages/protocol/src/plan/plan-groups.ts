import { PlanError } from '../protocol-error.ts';
import type { PlanGroup } from './plan.ts';

/** The items' own vectors: each site has them for its own catalogue, so no backbone does. A plan that names the group turns them on. */
export const identityGroup = 'item.identity';

/** Whether a plan gives each item of a site a vector of its own, beside what describes it. */
export function hasIdentity(groups: Readonly<Record<string, unknown>>): boolean {
  return Object.hasOwn(groups, identityGroup);
}

/**
 * A plan decides about every parameter group of the backbone and about no other, except the items' own vectors.
 * Throws PlanError naming the first unknown or missing group and listing the backbone's groups.
 */
export function checkPlanGroups(groups: Readonly<Record<string, PlanGroup>>, backboneGroups: readonly string[]): void {
  const known = new Set([...backboneGroups, identityGroup]);
  const unknown = Object.keys(groups).find((name) => !known.has(name));
  const listing = `The backbone has the groups: ${backboneGroups.join(', ')}.`;
  if (unknown !== undefined) {
    throw new PlanError(
      `groups.${unknown}`,
      `The plan names the group "${unknown}", which the backbone does not have. ${listing} Correct the name or remove it.`,
    );
  }
  if (hasIdentity(groups) && groups[identityGroup]?.scope !== 'local') {
    throw new PlanError(
      `groups.${identityGroup}`,
      `${identityGroup} belongs to one site's catalogue and tells what its customers buy. Give it the scope "local", or remove it.`,
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
