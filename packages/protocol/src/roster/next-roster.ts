import { ProtocolError } from '../protocol-error.ts';
import type { SiteId } from '../identifiers.ts';
import type { SignedRoster } from './signed-roster.ts';
import type { RosterSite, SiteRoster } from './site-roster.ts';

export interface RosterChange {
  /** Sites to add, or to give another identity key. They become active. */
  readonly add: readonly Pick<RosterSite, 'site' | 'identityKey'>[];
  /** Sites that no longer take part. */
  readonly suspend: readonly SiteId[];
}

/**
 * The roster that follows `previous` (null for a federation's first), with a group seed that was drawn for it: 32 random bytes.
 * Throws ProtocolError `invalid-roster`.
 */
export function nextRoster(
  federation: string,
  previous: SignedRoster | null,
  change: RosterChange,
  groupSeed: Uint8Array,
): SiteRoster {
  const sites = new Map(previous?.roster.sites.map((entry) => [entry.site, entry]));
  for (const { site, identityKey } of change.add) sites.set(site, { site, identityKey, status: 'active' });
  for (const site of change.suspend) {
    const entry = sites.get(site);
    if (entry === undefined) {
      throw new ProtocolError('invalid-roster', `The roster does not list ${site}, so it cannot be suspended.`);
    }
    sites.set(site, { ...entry, status: 'suspended' });
  }
  return {
    version: 1,
    federation,
    epoch: (previous?.roster.epoch ?? 0) + 1,
    previousRoster: previous?.hash ?? null,
    groupSeed: Buffer.from(groupSeed).toString('hex'),
    sites: [...sites.values()].toSorted((a, b) => (a.site < b.site ? -1 : 1)),
  };
}
