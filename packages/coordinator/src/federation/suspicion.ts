import type { SiteId } from '@noren/protocol';
import { suspicionAfter } from '@noren/secure-aggregation';
import type { Suspicion } from '@noren/secure-aggregation';

import type { GroupEvidence } from '../round/round-input.ts';

/** The sites with what one more round of compared groups says of them. */
export function withSuspicion<Site extends { readonly suspicion: Suspicion }>(
  sites: ReadonlyMap<SiteId, Site>,
  groups: readonly GroupEvidence[],
): ReadonlyMap<SiteId, Site> {
  const compared = groups.flatMap(({ survivors, outlying, sum }) =>
    outlying === null || sum === null ? [] : [{ sites: survivors, outlying }],
  );
  const before = new Map([...sites].map(([id, { suspicion }]) => [id, suspicion]));
  const after = new Map(sites);
  for (const [id, suspicion] of suspicionAfter(before, compared)) {
    // The ids come back as they went in.
    const site = sites.get(id as SiteId);
    if (site !== undefined) after.set(id as SiteId, { ...site, suspicion });
  }
  return after;
}
