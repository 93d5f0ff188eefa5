import {
  contentHash,
  generateSigningKey,
  nextRoster,
  parseSiteId,
  readSignedRoster,
  signingPublicKey,
  signRoster,
  type SignedRoster,
} from '@noren/protocol';
import { identityFromPrivateKey, generateIdentityKey } from '@noren/secure-aggregation';
import { describe, expect, test } from 'vitest';
import { readPublicIdentity } from '../home/identity.ts';
import { TestFederation } from '../testing/federation.ts';
import { site as siteOf } from '../testing/observe.ts';
import { checkRoster, type RosterFacts } from './site-roster.ts';

const registrar = generateSigningKey();
const registrarKey = Buffer.from(signingPublicKey(registrar)).toString('hex');
const keys = new Map(['a', 'b', 'c', 'd'].map((id) => [id, identityFromPrivateKey(generateIdentityKey()).publicKey]));
const entries = (ids: string): { site: ReturnType<typeof parseSiteId>; identityKey: string }[] =>
  ids.split('').map((id) => ({
    site: parseSiteId(id),
    identityKey: Buffer.from(keys.get(id) ?? new Uint8Array()).toString('hex'),
  }));

interface Document extends SignedRoster {
  readonly bytes: Uint8Array;
}

function rosterOf(ids: string, previous: SignedRoster | null = null, suspend: string = '', key = registrar): Document {
  const change = { add: entries(ids), suspend: suspend.split('').map(parseSiteId) };
  const bytes = signRoster(nextRoster('harbour', previous, change, new Uint8Array(32)), key);
  return { ...readSignedRoster(bytes), bytes };
}

describe('a roster', () => {
  const facts: RosterFacts = {
    registrarKey: signingPublicKey(registrar),
    federation: 'harbour',
    siteId: 'a',
    identityKey: keys.get('a') ?? new Uint8Array(),
    seen: null,
  };
  const first = rosterOf('abc');
  const check = ({ bytes, hash }: Document, change: Partial<RosterFacts> = {}): ReturnType<typeof checkRoster> =>
    checkRoster(bytes, { roster: hash }, { ...facts, ...change });

  test('gives the identity keys of the active sites', () => {
    const second = rosterOf('d', first, 'b');
    const seen = { epoch: 1, hash: first.hash };
    const result = check(second, { seen });
    if (result.kind === 'refused') throw new Error(result.reason);
    expect([...result.members.keys()]).toEqual(['a', 'c', 'd']);
    expect(result.members.get('d')).toEqual(keys.get('d'));
    expect(result.seen).toEqual({ epoch: 2, hash: second.hash });
  });

  test('may skip epochs this site was away for, and may come again', () => {
    const third = rosterOf('d', rosterOf('', first));
    expect(check(third, { seen: { epoch: 1, hash: first.hash } }).kind).toBe('valid');
    expect(check(third, { seen: { epoch: 3, hash: third.hash } }).kind).toBe('valid');
  });

  test.each([
    ['another registrar’s', () => check(rosterOf('abc', null, '', generateSigningKey())), 'another key'],
    ['for another federation', () => check(first, { federation: 'north' }), 'federation "harbour"'],
    ['that suspends this site', () => check(rosterOf('', first, 'a')), 'does not list this site'],
    ['that lists this site with another key', () => check(first, { identityKey: keys.get('b') as never }), 'not list'],
    ['that was replaced', () => check(first, { seen: { epoch: 2, hash: 'e'.repeat(64) } }), 'older than roster 2'],
    ['beside another of its epoch', () => check(first, { seen: { epoch: 1, hash: 'e'.repeat(64) } }), 'signed two'],
    [
      'that skips the one seen',
      () => check(rosterOf('', first), { seen: { epoch: 1, hash: 'e'.repeat(64) } }),
      'does not name the roster 1',
    ],
    [
      'that the plan does not name',
      () => checkRoster(first.bytes, { roster: null }, facts),
      'not the one that the plan',
    ],
    ['that was changed', () => checkRoster(first.bytes.subarray(1), { roster: first.hash }, facts), 'cannot be used'],
  ] as const)('is refused: %s', (_, attempt, why) => {
    expect(attempt()).toMatchObject({ kind: 'refused', reason: expect.stringContaining(why) as string });
  });
});

describe('a site whose policy names a registrar', () => {
  const policy = { registrarKey };

  test('joins no round without a roster', async () => {
    const federation = await TestFederation.start();
    await federation.sites(1, { policy });
    federation.coordinator.offer(['a'], federation.plan());
    const reply = await federation.coordinator.message('a', 'offerReply');
    expect(reply).toMatchObject({ accepted: false, reason: expect.stringContaining('names no roster') as string });
  });

  /** A federation in which the first sites of a, b, c, ... stand on the registrar's roster. */
  async function registered(
    count: number,
    listed: readonly string[],
    clause: { minimumRosterFraction?: number } = {},
    away = 0,
  ) {
    const federation = await TestFederation.start();
    const sites = await federation.sites(count, { policy: { ...policy, ...clause } });
    const add = await Promise.all(
      listed.map(async (id) => {
        const { identityKey } = await readPublicIdentity(siteOf(sites, id).home);
        return { site: parseSiteId(id), identityKey };
      }),
    );
    // Sites that nobody runs here: any key will do.
    for (let at = 0; at < away; at++) {
      add.push({ site: parseSiteId(`z-${at}`), identityKey: contentHash(Uint8Array.of(at)) });
    }
    const bytes = signRoster(nextRoster('harbour', null, { add, suspend: [] }, new Uint8Array(32)), registrar);
    const roster = federation.coordinator.put(bytes);
    expect(roster).toBe(contentHash(bytes));
    return { federation, coordinator: federation.coordinator, plan: federation.plan({ roster }) };
  }

  /** Begins a round with these sites and tells them whose keys have come. */
  async function keysOf({ coordinator, plan }: Awaited<ReturnType<typeof registered>>, present: readonly string[]) {
    const round = coordinator.begin(plan);
    coordinator.offer([...present], plan);
    for (const id of present) {
      const { kind: _kind, ...advertisement } = await coordinator.message(id, 'keyAdvertisement');
      round.advertise(advertisement);
    }
    const keyRoster = round.closeKeys();
    for (const id of present) coordinator.tell(id, { kind: 'keyRoster', ...keyRoster });
  }

  test('masks with the sites on the roster, and not when the coordinator adds one', async () => {
    const listed = ['a', 'b', 'c'];
    const round = await registered(4, listed);
    const { coordinator, plan } = round;
    coordinator.offer(['d'], plan);
    expect(await coordinator.message('d', 'offerReply')).toMatchObject({ accepted: false });
    await keysOf(round, listed);
    expect(await coordinator.message('a', 'sealedShares')).toBeDefined();
  });

  test('leaves before it has shared anything when most of the roster is left out of the round', async () => {
    const round = await registered(5, ['a', 'b', 'c', 'd', 'e'], { minimumRosterFraction: 0.8 });
    await keysOf(round, ['a', 'b', 'c']);
    const { reason } = await round.coordinator.message('a', 'withdrawal');
    expect(reason).toBe('3 of the 5 sites that the registrar lists take part; this site goes on from 4.');
    expect(round.coordinator.heard.filter(({ message }) => message.kind === 'sealedShares')).toEqual([]);
  });

  test('goes on when enough of the roster takes part', async () => {
    const round = await registered(5, ['a', 'b', 'c', 'd', 'e'], { minimumRosterFraction: 0.8 });
    await keysOf(round, ['a', 'b', 'c', 'd']);
    expect(await round.coordinator.message('a', 'sealedShares')).toBeDefined();
  });

  test('of a roster of more than one group leaves when so few come that accomplices could be brought together', async () => {
    const listed = ['a', 'b', 'c'];
    const large = await registered(3, listed, {}, 126);
    await keysOf(large, listed);
    const { reason } = await large.coordinator.message('a', 'withdrawal');
    expect(reason).toContain('3 of the 129 registered sites take part: too few');
    expect(large.coordinator.heard.filter(({ message }) => message.kind === 'sealedShares')).toEqual([]);
    const small = await registered(3, listed, {}, 125);
    await keysOf(small, listed);
    expect(await small.coordinator.message('a', 'sealedShares')).toBeDefined();
  });
});
