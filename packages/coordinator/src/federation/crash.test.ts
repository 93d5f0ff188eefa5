import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { CertificateAuthority, encodeSiteMessage, generateSigningKey, parseSiteId } from '@noren/protocol';
import type { Hash, PeerIdentity, PlanTemplate, SiteMessage } from '@noren/protocol';
import { federatedVector, readSafetensors } from '@noren/tensor/safetensors';
import pino from 'pino';
import { beforeAll, beforeEach, expect, test } from 'vitest';

import { BlobStore } from '../blobs/blob-store.ts';
import { NoiseKeyFolder } from '../noise/noise-keys.ts';
import type { NoiseKeys } from '../noise/noise-keys.ts';
import { RETURN_TIME } from '../round/round-machine.ts';
import { decodeRecords, encodeRecord } from '../round-log/log-record.ts';
import { RoundFolders } from '../round-log/round-folders.ts';
import type { RoundStorage } from '../round-log/round-folders.ts';
import type { EventStore } from '../store/event-store.ts';
import { Journal } from '../store/journal.ts';
import { openSqliteEventStore } from '../store/sqlite-event-store.ts';
import { eventually } from '../testing/eventually.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { joined, linked } from '../testing/in-process-link.ts';
import { testBackbone, testPlan, testRelease, VECTOR_LENGTH } from '../testing/lineage.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { Life, MortalStorage, MortalStore } from '../testing/mortal-coordinator.ts';
import { honestScript, ScriptedSite } from '../testing/scripted-site.ts';
import { Federation, STOPPED_IN_ROUND } from './federation.ts';
import { runningRound } from './federation-state.ts';

const NAMES = ['akita', 'beppu', 'chiba', 'date'];
const ADDRESSES = { address: 'nowhere:1', consoleAddress: 'http://nowhere:3' };
const START = Date.parse('2025-06-01T00:00:00Z');

interface Setting {
  readonly store: EventStore;
  /** Where the rounds are kept. */
  readonly folder: string;
  readonly members: readonly Member[];
}

interface Member {
  readonly site: ScriptedSite;
  readonly peer: PeerIdentity;
  /** Everything it has said about rounds. */
  readonly said: SiteMessage[];
}

const planKey = generateSigningKey();
let authority: CertificateAuthority;
let blobs: BlobStore;
let noiseKeys: NoiseKeys;

beforeAll(async () => {
  authority = await CertificateAuthority.create('Test', new Date(START));
});

beforeEach(async () => {
  blobs = await BlobStore.open(await temporaryFolder());
  noiseKeys = await NoiseKeyFolder.open(await temporaryFolder());
});

async function opened(store: EventStore, folder: string, life?: Life): Promise<Federation> {
  const clock = new ManualClock(START);
  const journal = await Journal.open(life ? new MortalStore(store, life) : store, () => clock.now());
  if (journal.state.sequence === 0) await journal.append({ kind: 'federation-created', id: '00ff', name: 'Test' });
  const log = pino({ level: 'silent' });
  const folders = await RoundFolders.open(folder, runningRound(journal.state)?.id ?? null);
  const rounds: RoundStorage = life ? new MortalStorage(folders, life) : folders;
  return Federation.open({ journal, blobs, rounds, noiseKeys, authority, planKey, clock, log, schedule: null });
}

/** A federation of four sites, or others, with a plan in force, in a log of its own. */
async function founded(names: readonly string[] = NAMES, plan: PlanTemplate = testPlan()): Promise<Setting> {
  const store = await openSqliteEventStore(':memory:');
  const folder = join(await temporaryFolder(), 'rounds');
  const federation = await opened(store, folder);
  await federation.registerBackbone(testBackbone());
  await federation.adoptPlan(plan, testRelease());
  const members: Member[] = [];
  for (const [index, name] of names.entries()) {
    const said: SiteMessage[] = [];
    const say = (message: SiteMessage): SiteMessage => {
      said.push(message);
      return message;
    };
    const site = new ScriptedSite(parseSiteId(name), honestScript(index, { say }));
    members.push({ site, peer: await joined(federation, site), said });
  }
  return { store, folder, members };
}

function reconnect(federation: Federation, members: readonly Member[]): void {
  for (const { site, peer } of members) {
    site.disconnect();
    linked(federation, site, peer);
  }
}

/** Runs a round in a process that dies after so many records; the rounds' folder as it was then. */
async function diesInRound({ store, folder, members }: Setting, records: number): Promise<string> {
  const life = new Life(folder, records);
  const federation = await opened(store, folder, life);
  reconnect(federation, members);
  void federation.startRound();
  return life.ended;
}

test('killed after any record of a round, a coordinator goes on with that round and sums exactly', async () => {
  const setting = await founded();
  const { store, folder, members } = setting;
  const whole = new Life(folder, Number.POSITIVE_INFINITY);
  const undisturbed = await opened(store, folder, whole);
  reconnect(undisturbed, members);
  await undisturbed.startRound();
  await undisturbed.idle();
  // The beginning, the start, four messages and an upload of each of four sites, and a dozen facts.
  expect(whole.written).toBeGreaterThanOrEqual(45);
  expect(await readdir(folder), 'nothing is left of a round that has ended').toEqual([]);

  for (let record = 1; record <= whole.written; record++) {
    const number = record + 1;
    const after = `after record ${record} of ${whole.written}`;
    const left = await diesInRound(setting, record);
    const second = await opened(store, left);
    reconnect(second, members);
    const found = await second.round(number);
    // Only a round whose plan was not in the log yet begins anew; it had said nothing to anybody.
    if (found === null) expect([record, await second.startRound()], after).toEqual([1, number]);
    await second.idle();
    const round = await second.round(number);
    expect(round, after).toMatchObject({ outcome: 'accepted', survivors: NAMES, dropped: [], refused: [] });
    expect(round?.resumedAt, after).toHaveLength(found === null || found.endedAt !== null ? 0 : 1);
    expect(await sumInForce(second), after).toEqual(sumOfUpdates(members, number));
    for (const { site, said } of members) {
      expectOncePerRound(said, `${site.id} ${after}`);
      expect(site.record.audits.get(number), after).toMatchObject({ part: 'in-sum', faults: [], survivors: 4 });
    }
    expect(second.lineage.release?.transcripts, after).toHaveLength(1);
    expect(await readdir(left), after).toEqual([]);
  }
}, 120_000);

test('killed after records all over a round of groups, it opens the same groups’ sums and combines them alike', async () => {
  const shops = Array.from({ length: 12 }, (_, index) => `shop-${index + 10}`);
  const plan = testPlan({
    aggregation: { profile: 'robust', groupSize: 4, combine: 'geometric-median' },
    cohort: { minimumSites: 12, quorum: 1 },
    update: { clipNorm: 1, maximumWeight: 100, rotation: true, valueBits: 16 },
  });
  const setting = await founded(shops, plan);
  const { store, folder, members } = setting;
  // Alike enough for none to be put out.
  for (const { site } of members) site.script = honestScript(0, { say: site.script.say });
  const whole = new Life(folder, Number.POSITIVE_INFINITY);
  const undisturbed = await opened(store, folder, whole);
  reconnect(undisturbed, members);
  await undisturbed.startRound();
  await undisturbed.idle();

  const release = async (federation: Federation): Promise<Float32Array> =>
    federatedVector(readSafetensors(await blobs.read(federation.lineage.release?.hash as Hash)));
  let before = await release(undisturbed);
  let number = 1;
  for (let record = 5; record <= whole.written; record += record < whole.written - 24 ? 9 : 1) {
    number += 1;
    const after = `after record ${record} of ${whole.written}`;
    const second = await opened(store, await diesInRound(setting, record));
    reconnect(second, members);
    await second.idle();
    const round = await second.round(number);
    expect(round, after).toMatchObject({ outcome: 'accepted', survivors: shops, dropped: [] });
    expect(round?.groups, after).toHaveLength(3);
    const quantised = (site: ScriptedSite): Int32Array => site.record.quantised.get(number) ?? new Int32Array();
    for (const [index, sum] of (await groupSumsInForce(second)).entries()) {
      const survivors = round?.groups[index]?.survivors ?? [];
      const of = members.filter(({ site }) => survivors.includes(site.id)).map(({ site }) => quantised(site));
      expect(sum, after).toEqual(sum.map((_, place) => of.reduce((total, one) => total + (one[place] ?? 0), 0)));
    }
    // All sent one update, so that the candidate has moved by it whatever combined the groups, and from whatever was kept.
    const now = await release(second);
    now.forEach((value, place) => expect(value - (before[place] ?? 0), after).toBeCloseTo(0.01 * Math.sin(place), 3));
    before = now;
    for (const { site, said } of members) {
      expectOncePerRound(said, `${site.id} ${after}`);
      expect(site.record.audits.get(number), after).toMatchObject({ part: 'in-sum', faults: [], survivors: 4 });
    }
    expect(second.lineage.release?.transcripts, after).toHaveLength(3);
  }
}, 120_000);

test('killed again and again, it still ends the round that it began', async () => {
  const setting = await founded();
  const { store, members } = setting;
  let folder = await diesInRound(setting, 7);
  let restarts = 1;
  // Coming back costs six records: what is found, and that the sites are back.
  for (;;) {
    const life = new Life(folder, 14);
    const federation = await opened(store, folder, life);
    reconnect(federation, members);
    const end = await Promise.race([federation.idle(), life.ended]);
    if (end === undefined) {
      expect(await sumInForce(federation)).toEqual(sumOfUpdates(members, 1));
      break;
    }
    folder = end;
    restarts += 1;
  }
  expect(restarts).toBeGreaterThanOrEqual(4);
  for (const { site, said } of members) expectOncePerRound(said, site.id);
});

test('a site that is lost while the coordinator is away is recovered like any other', async () => {
  const setting = await founded();
  const { store, members } = setting;
  const [lost, ...others] = members;
  if (lost === undefined) throw new Error('no member');
  lost.site.script = { ...lost.site.script, afterKeys: 'stalls' };
  // All four shares are in, the updates are on their way.
  const folder = await diesInRound(setting, 20);
  const clock = new ManualClock(START);
  const journal = await Journal.open(store, () => clock.now());
  const rounds = await RoundFolders.open(folder, runningRound(journal.state)?.id ?? null);
  const log = pino({ level: 'silent' });
  const second = await Federation.open({
    journal,
    blobs,
    rounds,
    noiseKeys,
    authority,
    planKey,
    clock,
    log,
    schedule: null,
  });
  lost.site.disconnect();
  reconnect(second, others);
  const waitingFor = (): string => second.view(ADDRESSES).running?.waitingFor ?? '';
  await eventually(() => expect(waitingFor()).toMatch(/The coordinator restarted; akita can come back until 00:02:00/));
  await eventually(() => expect(waitingFor()).toContain('3 of 4 are in'));
  clock.advance(RETURN_TIME);
  await second.idle();
  expect(await second.round(1)).toMatchObject({
    outcome: 'accepted',
    survivors: NAMES.slice(1),
    dropped: [{ site: 'akita', reason: 'the connection was lost' }],
  });
  expect(await sumInForce(second)).toEqual(sumOfUpdates(others, 1));
});

test.each([
  ['whose log is gone', (log: string) => rm(log), /Its log is not there/],
  ['whose log was emptied', (log: string) => writeFile(log, ''), /its log has no beginning/],
  [
    'whose log was written under other rules',
    async (log: string) => {
      const { records } = decodeRecords(await readFile(log));
      const older = records.map((record) => (record.kind === 'begun' ? { ...record, version: 1 as never } : record));
      await writeFile(log, Buffer.concat(older.map(encodeRecord)));
    },
    /its log is of version 1, and this program goes on with those of version 2/,
  ],
  [
    'whose log lost what messages rest on',
    async (log: string) => {
      const { records } = decodeRecords(await readFile(log));
      await writeFile(log, Buffer.concat(records.slice(0, 8).map(encodeRecord)));
    },
    /its log and the event log tell different stories/,
  ],
  [
    'whose log says other sites were asked',
    async (log: string) => {
      const { records } = decodeRecords(await readFile(log));
      const forged = records.map((record) =>
        record.kind === 'begun' || record.frozen.length === 0
          ? record
          : { ...record, frozen: record.frozen.map(({ step, sites }) => ({ step, sites: sites.slice(1) })) },
      );
      await writeFile(log, Buffer.concat(forged.map(encodeRecord)));
    },
    /does not lead to the sets of sites that it says were asked/,
  ],
])('a round %s ends by name, and the next one runs', async (_, damage, reason) => {
  const setting = await founded();
  const { store, members } = setting;
  const folder = await diesInRound(setting, 28);
  const [round] = await readdir(folder);
  await damage(join(folder, round ?? '', 'log'));

  const second = await opened(store, folder);
  const ended = await second.round(1);
  expect(ended).toMatchObject({ outcome: 'failed', resumedAt: [] });
  expect(ended?.reason).toMatch(STOPPED_IN_ROUND);
  expect(ended?.reason).toMatch(reason);
  expect(await readdir(folder).catch(() => [])).toEqual([]);
  reconnect(second, members);
  await second.startRound();
  await second.idle();
  expect(await second.round(2)).toMatchObject({ outcome: 'accepted', survivors: NAMES });
  expect(await sumInForce(second)).toEqual(sumOfUpdates(members, 2));
  for (const { site, said } of members) expectOncePerRound(said, site.id);
});

/** Whatever is said again is the same bytes: two keys, shares, signatures or reveals of one round give secrets away. */
function expectOncePerRound(said: readonly SiteMessage[], who: string): void {
  for (const kind of ['keyAdvertisement', 'sealedShares', 'survivorSignature', 'revealedShares'] as const) {
    const messages = said.filter((message) => message.kind === kind);
    const rounds = new Set(messages.map((message) => ('roundId' in message ? message.roundId : '')));
    const different = new Set(messages.map((message) => Buffer.from(encodeSiteMessage(message)).toString('hex')));
    expect(different.size, `${who}: ${kind}`).toBe(rounds.size);
  }
}

async function groupSumsInForce(federation: Federation): Promise<readonly Int32Array[]> {
  const document = await blobs.read(federation.lineage.release?.sum as Hash);
  const { sums } = JSON.parse(Buffer.from(document).toString()) as { sums: readonly Hash[] };
  return Promise.all(sums.map(async (hash) => new Int32Array(new Uint8Array(await blobs.read(hash)).buffer)));
}

async function sumInForce(federation: Federation): Promise<Int32Array> {
  const hash = federation.lineage.release?.sum ?? null;
  if (hash === null) throw new Error('the release in force came from no round');
  const bytes = await blobs.read(hash);
  return new Int32Array(new Uint8Array(bytes).buffer);
}

function sumOfUpdates(members: readonly Member[], round: number): Int32Array {
  const sum = new Int32Array(VECTOR_LENGTH + 2);
  for (const { site } of members) {
    site.record.quantised.get(round)?.forEach((value, place) => (sum[place] = (sum[place] ?? 0) + value));
  }
  return sum;
}
