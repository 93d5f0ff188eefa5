import {
  CertificateAuthority,
  certificateFingerprint,
  contentHash,
  createSigningRequest,
  generateSigningKey,
  nextRoster,
  parseSiteId,
  readSignedRoster,
  signRoster,
} from '@noren/protocol';
import type { PeerIdentity, RosterChange, SignedRoster, SiteId, SiteMessage } from '@noren/protocol';
import type { RoundView } from '@noren/protocol/console';
import pino from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';

import { BlobStore } from '../blobs/blob-store.ts';
import { NoiseKeyFolder } from '../noise/noise-keys.ts';
import { RoundFolders } from '../round-log/round-folders.ts';
import type { RoundStorage } from '../round-log/round-folders.ts';
import { Journal } from '../store/journal.ts';
import { openSqliteEventStore } from '../store/sqlite-event-store.ts';
import { eventually } from '../testing/eventually.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { joined, linked } from '../testing/in-process-link.ts';
import { testBackbone, testPlan, testRelease } from '../testing/lineage.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { honestScript, ScriptedSite } from '../testing/scripted-site.ts';
import type { Script } from '../testing/scripted-site.ts';
import { Federation } from './federation.ts';

const NAMES = ['akita', 'beppu', 'chiba', 'date', 'ebina'];
const ADDRESSES = { address: 'nowhere:1', consoleAddress: 'http://nowhere:3' };
const SECOND = 1000;

let clock: ManualClock;
let federation: Federation;
/** The disk of the rounds' logs is full. */
let full: boolean;
let members: { readonly site: ScriptedSite; readonly peer: PeerIdentity }[];

beforeEach(async () => {
  clock = new ManualClock(Date.parse('2025-06-01T00:00:00Z'));
  full = false;
  const journal = await Journal.open(await openSqliteEventStore(':memory:'), () => clock.now());
  await journal.append({ kind: 'federation-created', id: '00ff', name: 'Test' });
  federation = await Federation.open({
    journal,
    blobs: await BlobStore.open(await temporaryFolder()),
    rounds: filling(await RoundFolders.open(await temporaryFolder(), null)),
    noiseKeys: await NoiseKeyFolder.open(await temporaryFolder()),
    authority: await CertificateAuthority.create('Test', new Date(clock.now())),
    planKey: generateSigningKey(),
    clock,
    log: pino({ level: 'silent' }),
    schedule: { expression: '0 0 2 * * *', timeZone: 'UTC' },
  });
  await federation.registerBackbone(testBackbone());
  await federation.adoptPlan(testPlan(), testRelease());
  federation.run();
});

function filling(storage: RoundStorage): RoundStorage {
  return {
    begin: async (round) => {
      const { log, spool } = await storage.begin(round);
      const sync = (): Promise<void> => (full ? Promise.reject(new Error('no space left on device')) : log.sync());
      return { log: { append: (record) => log.append(record), sync, close: () => log.close() }, spool };
    },
    reopen: (round) => storage.reopen(round),
    end: (round, files) => storage.end(round, files),
    suspend: (files) => storage.suspend(files),
  };
}

async function gather(change: (index: number) => Partial<Script> = () => ({})): Promise<void> {
  members = [];
  for (const [index, name] of NAMES.entries()) {
    const site = new ScriptedSite(parseSiteId(name), honestScript(index, change(index)));
    const peer = await joined(federation, site);
    members.push({ site, peer });
    linked(federation, site, peer);
  }
}

function siteNamed(name: string): ScriptedSite {
  const found = members.find(({ site }) => site.id === name);
  if (found === undefined) throw new Error(name);
  return found.site;
}

function relink(name: string): void {
  const found = members.find(({ site }) => site.id === name);
  if (found !== undefined) linked(federation, found.site, found.peer);
}

async function inPhase(phase: string): Promise<void> {
  await eventually(() => expect(federation.view(ADDRESSES).running?.phase).toBe(phase));
}

/** Waits until so many of the five have uploaded, so that a deadline finds nobody half-way. */
async function uploaded(sites: number): Promise<void> {
  const waitingFor = (): string => federation.view(ADDRESSES).running?.waitingFor ?? '';
  await eventually(() => expect(waitingFor()).toContain('masked updates'));
  await eventually(() => expect(waitingFor()).toContain(`${sites} of 5 are in`));
}

async function ended(number = 1): Promise<RoundView> {
  return eventually(async () => {
    const round = await federation.round(number);
    if (round === null || round.endedAt === null) throw new Error(`round ${number} has not ended`);
    return round;
  });
}

describe('rounds start by themselves', () => {
  test('when they are due and enough sites are there', async () => {
    clock.advance(3 * 3600 * SECOND);
    expect(federation.view(ADDRESSES).schedule.waiting).toBe(
      'Waiting for sites: 0 of the 3 that a round needs are connected.',
    );
    await gather();
    expect(await ended()).toMatchObject({ number: 1, outcome: 'accepted' });
    expect(federation.view(ADDRESSES).schedule).toMatchObject({ waiting: null, nextAt: '2025-06-02T02:00:00.000Z' });
  });

  test('but not while the schedule is paused', async () => {
    await federation.pause();
    clock.advance(30 * 3600 * SECOND);
    await gather();
    expect(federation.view(ADDRESSES)).toMatchObject({ running: null, schedule: { paused: true, nextAt: null } });
    await federation.resume();
    expect(federation.view(ADDRESSES)).toMatchObject({ running: null, schedule: { paused: false } });
    // A day later the silent sites were taken for lost; the round starts as soon as enough are back.
    clock.advance(24 * 3600 * SECOND);
    for (const name of NAMES) relink(name);
    expect(await ended()).toMatchObject({ outcome: 'accepted' });
  });
});

describe('a site that misbehaves is left behind by the others', () => {
  const cases: [string, Partial<Script>, RegExp][] = [
    [
      'advertises a key it did not sign',
      { say: (m) => (m.kind === 'keyAdvertisement' ? { ...m, maskKey: m.channelKey } : m) },
      /broke the masking protocol/,
    ],
    [
      'advertises for another site',
      { say: (m) => (m.kind === 'keyAdvertisement' ? { ...m, siteId: 'akita' } : m) },
      /advertised keys of another site/,
    ],
    [
      'shares for another roster',
      { say: (m) => (m.kind === 'sealedShares' ? { ...m, rosterHash: new Uint8Array(32) } : m) },
      /broke the masking protocol/,
    ],
    [
      'withdraws instead of sharing',
      {
        say: (m): SiteMessage =>
          m.kind === 'sealedShares' ? { kind: 'withdrawal', roundId: m.roundId as never, reason: 'stock-taking' } : m,
      },
      /stock-taking/,
    ],
  ];
  test.each(cases)('when it %s', async (_, change, reason) => {
    await gather((index) => (index === 4 ? change : {}));
    await federation.startRound();
    const round = await ended();
    expect(round).toMatchObject({ outcome: 'accepted', survivors: NAMES.slice(0, 4) });
    expect([...round.dropped, ...round.refused]).toMatchObject([
      { site: 'ebina', reason: expect.stringMatching(reason) as string },
    ]);
  });

  test('when its masked update is not the one it signed for', async () => {
    await gather((index) => (index === 4 ? { afterKeys: 'stalls' } : {}));
    await federation.startRound();
    await inPhase('collecting');
    const site = siteNamed('ebina');
    const { link } = site;
    if (link === null) throw new Error('not connected');
    site.link = {
      ...link,
      upload: (header, chunks) =>
        link.upload(
          header,
          chunks.map((c) => c.map((byte) => byte ^ 1)),
        ),
    };
    await expect(site.upload()).rejects.toMatchObject({ code: 'invalid-message' });
    expect(await ended()).toMatchObject({ outcome: 'accepted', survivors: NAMES.slice(0, 4) });
  });

  test('when it ends its upload after the others’ sum was opened', async () => {
    await gather((index) => (index === 4 ? { afterKeys: 'stalls' } : {}));
    await federation.startRound();
    await uploaded(4);
    const site = siteNamed('ebina');
    const peer = members.find((member) => member.site === site)?.peer;
    const { link } = site;
    if (link === null || peer === undefined) throw new Error('not connected');
    let end = (): Promise<void> => Promise.reject(new Error('nothing was sent'));
    site.link = {
      ...link,
      // The round waits for its report.
      download: () => new Promise(() => {}),
      upload: async (header, chunks) => {
        const receiver = await federation.handlers().upload(peer, header);
        for (const [index, chunk] of chunks.entries()) await receiver.chunk(index, chunk);
        end = () => receiver.complete();
      },
    };
    await site.upload();
    clock.advance(11 * SECOND);
    await inPhase('evaluating');
    await expect(end()).rejects.toMatchObject({ code: 'wrong-state' });
    await eventually(() => expect(federation.view(ADDRESSES).running?.gates).toHaveLength(4));
    clock.advance(11 * SECOND);
    expect(await ended()).toMatchObject({ outcome: 'accepted', survivors: NAMES.slice(0, 4) });
  });

  test('when it reports on another candidate than the one announced', async () => {
    const other = 'aa'.repeat(32) as never;
    await gather((index) =>
      index === 4 ? { say: (m) => (m.kind === 'evaluationReport' ? { ...m, candidateHash: other } : m) } : {},
    );
    await federation.startRound();
    await inPhase('evaluating');
    await eventually(() => expect(federation.view(ADDRESSES).running?.gates).toHaveLength(4));
    clock.advance(11 * SECOND);
    const round = await ended();
    expect(round).toMatchObject({ outcome: 'accepted', difference: { customers: 200 } });
    expect(round.gates.map(({ site }) => site)).not.toContain('ebina');
  });
});

test('a round whose log cannot be written ends, even if nothing rests on the record yet', async () => {
  await gather(() => ({ afterKeys: 'stalls' }));
  await federation.startRound();
  await inPhase('relearning');
  full = true;
  siteNamed('ebina').disconnect();
  expect(await ended()).toMatchObject({ outcome: 'failed', reason: 'no space left on device' });
});

describe('a lost connection', () => {
  test('during re-learning costs nothing when the site is back in time', async () => {
    await gather((index) => (index >= 2 ? { afterKeys: 'stalls' } : {}));
    await federation.startRound();
    await inPhase('collecting');
    siteNamed('ebina').disconnect();
    await eventually(() =>
      expect(federation.view(ADDRESSES).running?.waitingFor).toContain('ebina lost the connection'),
    );
    relink('ebina');
    for (const name of ['chiba', 'date', 'ebina']) {
      siteNamed(name).script = { ...siteNamed(name).script, afterKeys: 'uploads' };
    }
    // The reconnected site is sent its shares again and goes on from there; the others just finish.
    await siteNamed('chiba').upload();
    await siteNamed('date').upload();
    await siteNamed('ebina').upload();
    expect(await ended()).toMatchObject({ outcome: 'accepted', survivors: NAMES });
    expect(siteNamed('ebina').record.received.filter((kind) => kind === 'shareDelivery')).toHaveLength(2);
  });

  test('of a whole cohort ends the round after the time to come back, not after the deadline', async () => {
    await federation.adoptPlan(testPlan({ deadlines: { ...testPlan().deadlines, relearning: 86_400 } }), null);
    await gather(() => ({ afterKeys: 'vanishes' }));
    await federation.startRound();
    await eventually(() => expect(federation.connected).toHaveLength(0));
    clock.advance(125 * SECOND);
    expect(await ended()).toMatchObject({
      outcome: 'failed',
      reason: 'too few masked updates arrived: 0 of at least 4',
    });
    relink('akita');
    await eventually(() => expect(siteNamed('akita').record.closings).toMatchObject([{ outcome: 'failed' }]));
  });

  test('after an upload: sending it again is answered as if it were the first', async () => {
    await gather((index) => (index === 4 ? { afterKeys: 'stalls' } : {}));
    await federation.startRound();
    await uploaded(4);
    const { link, masked } = siteNamed('akita');
    if (masked === null) throw new Error('nothing was uploaded');
    await expect(link?.upload(masked.header, masked.chunks)).resolves.toBeUndefined();
    clock.advance(11 * SECOND);
    expect(await ended()).toMatchObject({ outcome: 'accepted', survivors: NAMES.slice(0, 4) });
  });
});

test('a site that enrols while a round recruits is not asked, and is no fault', async () => {
  await gather((index) => (index === 4 ? { say: (m) => (m.kind === 'offerReply' ? { kind: 'heartbeat' } : m) } : {}));
  await federation.startRound();
  const late = new ScriptedSite(parseSiteId('fukui'), honestScript(5));
  linked(federation, late, await joined(federation, late));
  expect(federation.view(ADDRESSES).running?.phase).toBe('recruiting');
  clock.advance(11 * SECOND);
  const round = await ended();
  expect(round).toMatchObject({ outcome: 'accepted', cohort: NAMES.slice(0, 4), dropped: [], refused: [] });
  expect(late.record.received).toEqual(['welcome']);
});

test('an update for a round that is over is refused, and the site is not blamed', async () => {
  await gather((index) => (index === 4 ? { afterKeys: 'stalls' } : {}));
  await federation.startRound();
  await uploaded(4);
  clock.advance(11 * SECOND);
  await ended();
  await expect(siteNamed('ebina').upload()).rejects.toMatchObject({ code: 'wrong-state' });
});

test('every site of a group learns what its sum rests on, also one that was dropped, and can fetch it afterwards', async () => {
  await gather((index) => (index === 4 ? { afterKeys: 'stalls' } : {}));
  await federation.startRound();
  await uploaded(4);
  clock.advance(11 * SECOND);
  await ended();
  await federation.idle();
  const auditOf = (name: string): unknown => siteNamed(name).record.audits.get(1);
  await eventually(() => expect(auditOf('ebina')).toMatchObject({ part: 'left-out', faults: [], survivors: 4 }));
  expect(auditOf('akita')).toMatchObject({ part: 'in-sum', faults: [], survivors: 4 });
  const [transcript] = federation.lineage.release?.transcripts ?? [];
  const document = await siteNamed('akita').link?.download(transcript as never);
  expect(contentHash(document ?? new Uint8Array())).toBe(transcript);
});

test('a site fetches what is published and the running candidate, nothing else', async () => {
  await gather((index) => ({ difference: index === 0 ? 0 : -0.5 }));
  await federation.startRound();
  const round = await ended();
  await federation.idle();
  expect(round.outcome).toBe('rejected');
  const { release, backbone } = federation.view(ADDRESSES);
  const site = siteNamed('akita');
  expect((await site.link?.download(release.hash as never))?.length).toBe(testRelease().length);
  expect((await site.link?.download(backbone.hash as never))?.length).toBe(testBackbone().length);
  expect(site.record.candidates).toHaveLength(1);
  const rejected = contentHash(site.record.candidates[0] ?? new Uint8Array());
  await expect(site.link?.download(rejected)).rejects.toMatchObject({ code: 'not-found' });
});

test('stopping in the middle of a round ends the sessions and leaves the round to the next start', async () => {
  await gather(() => ({ afterKeys: 'stalls' }));
  await federation.startRound();
  await inPhase('relearning');
  await federation.stop();
  expect(await federation.round(1)).toMatchObject({ outcome: null, phase: 'relearning' });
  expect(federation.connected).toEqual([]);
  expect(siteNamed('akita').record.closings).toEqual([]);
});

test('an expired invitation is refused', async () => {
  const late = new ScriptedSite(parseSiteId('fukui'), honestScript(5));
  const invitation = await federation.invite(late.id, 'Fukui', { address: 'a:1', enrolmentAddress: 'a:2' });
  clock.advance(8 * 86_400 * SECOND);
  const token = new Uint8Array(Buffer.from(invitation.token, 'base64url'));
  const request = { token, certificateSigningRequest: new Uint8Array(), identityKey: late.publicKey };
  await expect(federation.enrol(request)).rejects.toMatchObject({ code: 'invitation-expired' });
});

test('a site that invites itself twice with one identity is refused the second time', async () => {
  const site = new ScriptedSite(parseSiteId('akita'), honestScript(0));
  await joined(federation, site);
  const twin = new ScriptedSite(parseSiteId('beppu'), honestScript(1));
  Object.defineProperty(twin, 'publicKey', { value: site.publicKey });
  await expect(joined(federation, twin)).rejects.toThrow(/Another site has enrolled with this identity key/);
});

test('a renewed certificate and the one before are good, older ones are not', async () => {
  const site = new ScriptedSite(parseSiteId('akita'), honestScript(0));
  const handlers = federation.handlers();
  const peers = [await joined(federation, site)];
  for (let renewal = 0; renewal < 2; renewal++) {
    const { request } = await createSigningRequest();
    const certificate = await handlers.renew?.(peers[0] ?? ('' as never), request);
    peers.unshift({ siteId: site.id, fingerprint: certificateFingerprint(certificate ?? '') });
  }
  const [newest, previous, oldest] = peers;
  for (const peer of [newest, previous]) expect(() => handlers.authorise(peer ?? ('' as never))).not.toThrow();
  expect(() => handlers.authorise(oldest ?? ('' as never))).toThrow(/newer certificate/);
});

describe('a registrar’s roster', () => {
  const registrar = generateSigningKey();
  const entry = ({ site }: (typeof members)[number]): { site: SiteId; identityKey: string } => ({
    site: site.id,
    identityKey: Buffer.from(site.publicKey).toString('hex'),
  });
  const signed = (previous: SignedRoster | null, change: RosterChange, key = registrar): Uint8Array =>
    signRoster(nextRoster('Test', previous, change, new Uint8Array(32)), key);

  test('decides who is asked, and every plan names it', async () => {
    await gather();
    const bytes = signed(null, { add: members.slice(0, 4).map(entry), suspend: [] });
    expect(await federation.installRoster(bytes)).toEqual({ epoch: 1, sites: 4 });
    await federation.startRound();
    expect((await ended()).survivors.toSorted()).toEqual(NAMES.slice(0, 4));
    expect(siteNamed('ebina').record.received).not.toContain('roundOffer');
    const peer = members[0]?.peer ?? ('' as never);
    const file = await federation.handlers().download(peer, contentHash(bytes));
    expect(file.totalBytes).toBe(bytes.length);
  });

  test('too few listed sites are no cohort', async () => {
    await gather();
    await federation.installRoster(signed(null, { add: members.slice(0, 2).map(entry), suspend: [] }));
    await expect(federation.startRound()).rejects.toThrow('2 of the 3 that a round needs are connected and on the');
  });

  test('follows the one before it, from the same registrar, or is refused and changes nothing', async () => {
    await gather();
    const first = signed(null, { add: members.map(entry), suspend: [] });
    await federation.installRoster(first);
    await federation.installRoster(first);
    const previous = readSignedRoster(first);
    const without = { add: [], suspend: [parseSiteId('ebina')] };
    const refusals = [
      [signed(previous, without, generateSigningKey()), 'another key'],
      [signed(readSignedRoster(signed(previous, without)), without), 'does not follow roster 1'],
      [signRoster(nextRoster('Other', previous, without, new Uint8Array(32)), registrar), 'for the federation "Other"'],
    ] as const;
    for (const [bytes, why] of refusals) await expect(federation.installRoster(bytes)).rejects.toThrow(why);
    expect(await federation.installRoster(signed(previous, without))).toEqual({ epoch: 2, sites: 4 });
  });
});

test('a revoked site is out of the running round at once', async () => {
  await gather(() => ({ afterKeys: 'stalls' }));
  await federation.startRound();
  await inPhase('relearning');
  await federation.revoke(parseSiteId('ebina'), 'sold');
  expect(federation.connected).not.toContain('ebina');
  clock.advance(11 * SECOND);
  expect((await ended()).dropped).toContainEqual({ site: 'ebina', at: 'relearning', reason: 'revoked' });
});
