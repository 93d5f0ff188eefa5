import { sharesTree } from '@noren/protocol';
import type { PlanTemplate, TreePlace } from '@noren/protocol';

import { CoordinatorError } from '../coordinator-error.ts';
import type { NoiseKeys } from '../noise/noise-keys.ts';

/** How far the rounds of a plan have come in a tree of noise. */
export interface TreeCourse {
  readonly tree: string;
  /** Leaf of the last round that was planned. */
  readonly leaf: number;
  /** Leaf of the last round whose sum was opened; 0 before the first. */
  readonly opened: number;
}

/** After a round was planned there. */
export function plannedAt(course: TreeCourse | null, { tree, leaf }: TreePlace): TreeCourse {
  return { tree, leaf, opened: course?.tree === tree ? course.opened : 0 };
}

/** After the sum of a round was opened there. */
export function openedAt(course: TreeCourse | null, { tree, leaf }: TreePlace): TreeCourse | null {
  return course?.tree === tree ? { ...course, opened: leaf } : course;
}

/**
 * The template with its next round's place in a tree: the next leaf, or the first of a new tree where there is none, its rounds
 * are over, or its secret is lost. A leaf is never taken twice, because its customers have paid for it.
 *
 * @param sites that may take part in the round
 * Throws CoordinatorError `plan-mismatch` for more than the tree is laid out for.
 */
export async function withPlace(
  template: PlanTemplate,
  course: TreeCourse | null,
  { sites, keys }: { readonly sites: number; readonly keys: NoiseKeys },
): Promise<PlanTemplate> {
  const { privacy } = template;
  if (privacy == null || !sharesTree(privacy)) return template;
  const { mechanism } = privacy;
  if (sites > mechanism.sites) {
    const message = `${sites} sites may take part, the rounds of the plan's tree are laid out for ${mechanism.sites}: adopt a plan with a larger "privacy.mechanism.sites".`;
    throw new CoordinatorError('plan-mismatch', message);
  }
  const goesOn = course !== null && course.leaf < mechanism.rounds && (await keys.has(course.tree));
  const place = goesOn ? { tree: course.tree, leaf: course.leaf + 1 } : { tree: await keys.begin(), leaf: 1 };
  return { ...template, privacy: { ...privacy, mechanism: { ...mechanism, place } } };
}
