import { createHash } from 'node:crypto';

import type { RoundId, SiteId } from '@noren/protocol';

/**
 * The order in which a round asks the connected sites; it asks as many as its groups hold. By a hash with the
 * round's id, so that over the rounds every site has the same chance.
 */
export function cohortOrder(roundId: RoundId, connected: readonly SiteId[]): SiteId[] {
  const rank = (site: SiteId): string => createHash('sha256').update(`${roundId}\n${site}`).digest('hex');
  return connected
    .map((site) => ({ site, rank: rank(site) }))
    .toSorted(byRank)
    .map(({ site }) => site);
}

function byRank(a: { readonly rank: string }, b: { readonly rank: string }): number {
  return a.rank < b.rank ? -1 : 1;
}
