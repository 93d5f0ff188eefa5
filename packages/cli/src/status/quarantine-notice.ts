import type { FederationView } from '@noren/protocol/console';

import type { Phrases } from '../language/phrases.ts';
import { minuteText } from '../terminal/moment.ts';

/** Which sites are in quarantine, why, and the commands that end it; null where none is. */
export function quarantineNotice(view: FederationView, { federation }: Phrases): string | null {
  const waiting = view.sites.flatMap(({ id, revoked, quarantine }) =>
    quarantine === null || revoked !== null ? [] : [{ ...quarantine, site: id, since: minuteText(quarantine.since) }],
  );
  const [first] = waiting;
  if (first === undefined) return null;
  // One site stands for all, so that the notice stays short.
  const decisions = ['release', 'revoke'].map(
    (decision) => `  noren site ${decision} ${first.site} --home <home> --reason "<${federation.whatYouFound}>"`,
  );
  return [
    ...waiting.map(federation.quarantineNotice),
    federation.quarantineMeaning,
    federation.quarantineDecision,
    ...decisions,
  ].join('\n');
}
