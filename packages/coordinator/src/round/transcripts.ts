import type { Hash, SiteId } from '@noren/protocol';

import type { SumEvidence } from './round-input.ts';
import type { RoundGroup } from './round-state.ts';

/** The transcripts of a round's groups, by their content addresses. */
export function transcriptsOf(evidence: Pick<SumEvidence, 'transcript' | 'groups'> | null): readonly Hash[] {
  if (evidence === null) return [];
  const { transcript, groups = [{ transcript }] } = evidence;
  return groups.flatMap((group) => group.transcript ?? []);
}

/** The transcript of the site's group; null for a site in none, and before a sum is open. */
export function transcriptFor(
  site: SiteId,
  groups: readonly Pick<RoundGroup, 'sites'>[],
  evidence: SumEvidence | null,
): Hash | null {
  const group = groups.findIndex(({ sites }) => sites.includes(site));
  if (group < 0 || evidence === null) return null;
  // Groups stand in one order wherever they are drawn.
  const one = evidence.groups === undefined ? evidence : evidence.groups[group];
  return one?.transcript ?? null;
}
