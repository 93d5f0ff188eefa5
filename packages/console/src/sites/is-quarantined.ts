import type { SiteView } from '@noren/protocol/console';

/** A site that was revoked waits for no decision any more. */
export function isQuarantined({ quarantine, revoked }: SiteView): boolean {
  return quarantine !== null && revoked === null;
}
