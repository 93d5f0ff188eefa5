import { PlanError } from '../protocol-error.ts';
import { adapterGroups, isAdapterGroup } from './plan-adapters.ts';
import type { PlanTemplate } from './plan.ts';

/** The items' own vectors: each site has them for its own catalogue, so no backbone does. A plan that names the group turns them on. */
export const identityGroup = 'item.identity';

/** Whether a plan gives each item of a site a vector of its own, beside what describes it. */
export function hasIdentity(groups: Readonly<Record<string, unknown>>): boolean {
  return Object.hasOwn(groups, identityGroup);
}

/**
 * A plan decides about every parameter group of the backbone and of its own adapters, and about no other, except the items'
 * own vectors. Throws PlanError naming the first unknown or missing group and listing the backbone's groups.
 */
export function checkPlanGroups(
  { groups, adapters }: Pick<PlanTemplate, 'groups' | 'adapters'>,
  backboneGroups: readonly string[],
): void {
  const expected = [...backboneGroups, ...adapterGroups(backboneGroups, adapters)];
  const known = new Set([...expected, identityGroup]);
  const unknown = Object.keys(groups).find((name) => !known.has(name));
  const listing = `The backbone has the groups: ${backboneGroups.join(', ')}.`;
  if (unknown !== undefined) {
    const remedy = isAdapterGroup(unknown) ? 'Give the plan "adapters" with a rank' : 'Correct the name';
    throw new PlanError(
      `groups.${unknown}`,
      `The plan names the group "${unknown}", which the backbone does not have. ${listing} ${remedy} or remove it.`,
    );
  }
  if (hasIdentity(groups) && groups[identityGroup]?.scope !== 'local') {
    throw new PlanError(
      `groups.${identityGroup}`,
      `${identityGroup} belongs to one site's catalogue and tells what its customers buy. Give it the scope "local", or remove it.`,
    );
  }
  const missing = expected.find((name) => !Object.hasOwn(groups, name));
  if (missing !== undefined) {
    throw new PlanError(
      `groups.${missing}`,
      `The plan says nothing about the group "${missing}". ${listing} ` +
        'Add it with a start ("pretrained" or "reinit") and a scope ("frozen", "federated" or "local").',
    );
  }
}
