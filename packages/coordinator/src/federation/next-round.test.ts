import { defaultTraining, parseSiteId } from '@noren/protocol';
import type { Hash } from '@noren/protocol';
import { expect, test } from 'vitest';

import { EMPTY_FEDERATION, foldEvent } from './federation-state.ts';
import type { EventBody } from './federation-event.ts';
import { obstacle } from './next-round.ts';

const hash = 'a'.repeat(64) as Hash;
const sites = ['akita', 'beppu', 'chiba'].map(parseSiteId);

test('a federation that waits because sites are in quarantine says so', () => {
  const joined = sites.flatMap((site, index): EventBody[] => {
    const tokenHash = String(index).repeat(64);
    const keys = { identityKey: String(index).repeat(64), fingerprint: String(index) };
    return [
      { kind: 'site-invited', site, name: site, tokenHash, expiresAt: 9 },
      { kind: 'site-enrolled', site, tokenHash, ...keys },
    ];
  });
  const founded: EventBody[] = [
    { kind: 'backbone-registered', hash, parameters: 1, groups: [] },
    { kind: 'plan-adopted', template: defaultTraining('private', {}), vectorLength: 4 },
    { kind: 'release-made', number: 0, hash, round: null, sum: null, survivors: [], moments: null },
  ];
  const fold = (bodies: readonly EventBody[], from = EMPTY_FEDERATION): typeof from =>
    bodies.reduce((now, body) => foldEvent(now, { sequence: now.sequence + 1, at: 0, body }), from);
  const state = fold([...founded, ...joined]);
  expect(obstacle(state, sites)).toBeNull();
  const [akita = sites[0]!] = sites;
  const held = fold([{ kind: 'site-quarantined', site: akita, limit: 1, score: 2, rounds: 9, outlying: 8 }], state);
  expect(obstacle(held, sites)).toBe(
    'Waiting for sites: 2 of the 3 that a round needs are connected. 1 more is connected but in quarantine.',
  );
});
