import { suspicionLimit } from '@noren/secure-aggregation';

import type { EventBody } from './federation-event.ts';
import { eligibleSites } from './federation-state.ts';
import type { FederationState } from './federation-state.ts';

/**
 * What is to be written of sites whose groups have stood out too often for chance. They are asked no more, until an operator
 * has looked into it and releases them.
 */
export function quarantines(state: FederationState): readonly EventBody[] {
  const eligible = eligibleSites(state);
  const limit = suspicionLimit(eligible.size);
  return [...eligible.keys()].flatMap((site) => {
    const suspicion = state.sites.get(site)?.suspicion;
    return suspicion !== undefined && suspicion.score >= limit
      ? [{ kind: 'site-quarantined', site, limit, ...suspicion } as const]
      : [];
  });
}
