import { parseSiteId } from '@noren/protocol';
import { expect, test } from 'vitest';

import type { EventBody } from '../federation/federation-event.ts';
import { EMPTY_FEDERATION, foldEvent } from '../federation/federation-state.ts';
import { metricsText } from './metrics.ts';

const akita = parseSiteId('akita');
const beppu = parseSiteId('beppu');
const KEY = 'ab'.repeat(32);

const joined = [akita, beppu].flatMap((site): EventBody[] => [
  { kind: 'site-invited', site, name: site, tokenHash: site, expiresAt: 1 },
  { kind: 'site-enrolled', site, tokenHash: site, identityKey: KEY, fingerprint: KEY },
]);
const quarantined: EventBody = { kind: 'site-quarantined', site: akita, score: 9, limit: 8, rounds: 12, outlying: 9 };

function metricsAfter(...events: readonly EventBody[]): string {
  const state = events.reduce(
    (before, body, index) => foldEvent(before, { sequence: index + 1, at: index, body }),
    EMPTY_FEDERATION,
  );
  return metricsText(state, 0);
}

test('a site in quarantine is counted until an operator has decided, and never named', () => {
  const during = metricsAfter(...joined, quarantined);
  expect(during).toContain('# TYPE noren_sites_quarantined gauge\nnoren_sites_quarantined 1\n');
  expect(during).toContain('noren_sites_enrolled 2\n');
  expect(during).not.toMatch(/akita|beppu/);
  for (const kind of ['site-released', 'site-revoked'] as const) {
    const after = metricsAfter(...joined, quarantined, { kind, site: akita, reason: 'looked into' });
    expect(after).toContain('noren_sites_quarantined 0\n');
  }
});
