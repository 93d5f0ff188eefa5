import { parseRoundId, parseSiteId } from '@noren/protocol';
import type { CoordinatorMessage, SessionListener } from '@noren/protocol';
import { beforeEach, expect, test } from 'vitest';

import { ManualClock } from '../testing/manual-clock.ts';
import { HEARTBEAT_SECONDS, SessionHub } from './session-hub.ts';

const akita = parseSiteId('akita');
let clock: ManualClock;
let hub: SessionHub;
let happened: string[];

beforeEach(() => {
  clock = new ManualClock(1_000_000);
  happened = [];
  hub = new SessionHub({
    clock,
    federation: () => 'Test',
    connected: (site) => happened.push(`${site} connected`),
    disconnected: (site) => happened.push(`${site} disconnected`),
    message: (site, { kind }) => happened.push(`${site} ${kind}`),
    noted: () => undefined,
  });
  hub.run();
});

interface Line {
  readonly listener: SessionListener;
  readonly sent: CoordinatorMessage[];
  readonly ended: string[];
}

function call(greets = true): Line {
  const line = { sent: [] as CoordinatorMessage[], ended: [] as string[] };
  let listener: SessionListener | null = null;
  listener = hub.accept({
    peer: { siteId: akita, fingerprint: '' },
    send: (message) => line.sent.push(message),
    end: (reason) => {
      line.ended.push(reason);
      listener?.closed(reason);
    },
  });
  if (greets) listener.message({ kind: 'hello', agentVersion: '1', releaseHash: null });
  return { ...line, listener };
}

test('a session begins with hello and is answered with welcome', () => {
  const { sent } = call();
  expect(sent).toEqual([{ kind: 'welcome', federation: 'Test', heartbeatSeconds: HEARTBEAT_SECONDS }]);
  expect(hub.connected).toEqual([akita]);
  const { listener } = call(false);
  expect(() => listener.message({ kind: 'heartbeat' })).toThrow(/begins with hello/);
});

test('a newer session of a site replaces the older, and the site was never gone', () => {
  const older = call();
  call();
  expect(older.ended).toEqual(['replaced by a newer session of the same site']);
  expect(happened).toEqual(['akita connected', 'akita connected']);
  expect(hub.connected).toEqual([akita]);
});

test('a site that falls silent is taken for lost; one that beats is not', () => {
  const line = call();
  for (let beat = 0; beat < 10; beat++) {
    clock.advance(HEARTBEAT_SECONDS * 1000);
    line.listener.message({ kind: 'heartbeat' });
  }
  expect(line.ended).toEqual([]);
  clock.advance(5 * HEARTBEAT_SECONDS * 1000);
  expect(line.ended).toEqual(['no sign of life for too long']);
  expect(happened.at(-1)).toBe('akita disconnected');
  expect(hub.presence(akita)).toMatchObject({ connected: false });
});

test('progress is remembered until the round ends, other messages are passed on', () => {
  const { listener } = call();
  const roundId = parseRoundId('3-0000');
  listener.message({ kind: 'progress', roundId, activity: 'relearning', fraction: 0.5 });
  listener.message({ kind: 'withdrawal', roundId, reason: 'shut down' });
  expect(hub.presence(akita).activity).toEqual({ roundId, kind: 'relearning', fraction: 0.5 });
  hub.rest(roundId);
  expect(hub.presence(akita).activity).toBeNull();
  expect(happened.at(-1)).toBe('akita withdrawal');
});
