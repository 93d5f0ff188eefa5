import { cp, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { contentHash, parseSiteId } from '@noren/protocol';
import type { TlsIdentity } from '@noren/protocol';
import { decodeSum, quantiserFor } from '@noren/secure-aggregation';
import { federatedVector, readSafetensors } from '@noren/tensor/safetensors';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { CoordinatorConfigInput } from './config.ts';
import { Coordinator } from './coordinator.ts';
import { eventually } from './testing/eventually.ts';
import { temporaryFolder } from './testing/folders.ts';
import { testBackbone, testPlan, testRelease, VECTOR_LENGTH } from './testing/lineage.ts';
import { connected, enrolled } from './testing/network-link.ts';
import { honestScript, ScriptedSite } from './testing/scripted-site.ts';
import type { Script } from './testing/scripted-site.ts';

const log = pino({ level: 'silent' });
const NAMES = ['akita', 'beppu', 'chiba', 'date', 'ebina'];
const opened: { close(): Promise<void> | void }[] = [];
let home: string;

beforeEach(async () => {
  home = await temporaryFolder();
});

afterEach(async () => {
  for (const closable of opened.splice(0).reverse()) await closable.close();
});

async function open(change: Partial<CoordinatorConfigInput> = {}): Promise<Coordinator> {
  const ports = { grpcPort: 0, enrolmentPort: 0, consolePort: 0 };
  const coordinator = await Coordinator.open({ home, name: 'Test group', ...ports, ...change }, { log });
  opened.push(coordinator);
  return coordinator;
}

interface Member {
  readonly site: ScriptedSite;
  readonly tls: TlsIdentity;
}

async function member(coordinator: Coordinator, id: string, script: Script): Promise<Member> {
  const site = new ScriptedSite(parseSiteId(id), script);
  opened.push({ close: () => site.disconnect() });
  return { site, tls: await enrolled(site, await coordinator.invite(id, `Shop ${id}`)) };
}

async function federationOf(coordinator: Coordinator, change: (index: number) => Partial<Script>): Promise<Member[]> {
  const members: Member[] = [];
  for (const [index, name] of NAMES.entries()) {
    const { site, tls } = await member(coordinator, name, honestScript(index, change(index)));
    await connected(site, coordinator.addresses.address, tls);
    members.push({ site, tls });
  }
  return members;
}

async function sumOf(coordinator: Coordinator, number: number): Promise<Int32Array> {
  const { sum } = await aggregated(coordinator, number);
  const bytes = new Uint8Array(await readFile(join(home, 'blobs', sum)));
  expect(contentHash(bytes)).toBe(sum);
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

async function aggregated(coordinator: Coordinator, number: number): Promise<{ sum: string }> {
  const { release } = coordinator.lineage;
  expect(release?.round).toBe(number);
  return { sum: release?.sum ?? '' };
}

function quantisedSum(members: readonly Member[], round: number): Int32Array {
  const sum = new Int32Array(VECTOR_LENGTH + 2);
  for (const { site } of members)
    site.record.quantised.get(round)?.forEach((value, place) => (sum[place] = (sum[place] ?? 0) + value));
  return sum;
}

describe('a federation of five sites over the network', () => {
  test('re-learns through a lost site, a restart and a second round', async () => {
    const first = await open();
    await first.registerBackbone(testBackbone());
    await first.adoptPlan(testPlan(), testRelease());
    const { address } = await first.start();
    const members = await federationOf(first, (index) => ({ afterKeys: index === 4 ? 'vanishes' : 'uploads' }));
    const survivors = members.slice(0, 4);

    await first.startRound();
    await first.idle();
    const round = await first.round(1);
    expect(round?.reason).toMatch(/^NDCG difference to the current release \+0\.0200/);
    expect(round).toMatchObject({ outcome: 'accepted', cohort: NAMES, survivors: NAMES.slice(0, 4) });
    expect(round?.dropped).toMatchObject([{ site: 'ebina', reason: 'the connection was lost' }]);
    // Secure aggregation took nothing away and added nothing: bit for bit.
    const sum = await sumOf(first, 1);
    expect(sum).toEqual(quantisedSum(survivors, 1));
    const { meanUpdate } = decodeSum(sum, quantiserFor({ clipNorm: 1, sites: 5 }));
    const before = federatedVector(readSafetensors(testRelease()));
    const candidate = survivors[0]?.site.record.candidates[0] ?? new Uint8Array();
    expect(federatedVector(readSafetensors(candidate))).toEqual(
      before.map((value, place) => value + (meanUpdate[place] ?? 0)),
    );
    expect(first.view().release).toMatchObject({ number: 1, round: 1, hash: contentHash(candidate) });
    await eventually(() => expect(survivors.every(({ site }) => site.record.closings.length === 1)).toBe(true));
    const view = first.view();
    await first.close();

    // A restart finds what was there and goes on with the next round from the same release.
    const second = await open({ grpcPort: Number(address.split(':')[1]) });
    expect({ ...second.view(), now: '', address: '', consoleAddress: '' }).toMatchObject({
      rounds: view.rounds,
      release: view.release,
      plan: view.plan,
      backbone: view.backbone,
    });
    await second.start();
    for (const { site, tls } of members) {
      site.script = { ...site.script, afterKeys: 'uploads' };
      await connected(site, second.addresses.address, tls);
    }
    await second.startRound();
    await second.idle();
    expect(await second.round(2)).toMatchObject({ outcome: 'accepted', survivors: NAMES, dropped: [] });
    expect(await sumOf(second, 2)).toEqual(quantisedSum(members, 2));
    expect(second.view().sites.map(({ history }) => history)).toEqual([
      ...NAMES.slice(0, 4).map(() => ['accepted', 'accepted']),
      ['dropped', 'accepted'],
    ]);
  });

  test('keeps its release when the sites find the candidate worse', async () => {
    const coordinator = await open();
    await coordinator.registerBackbone(testBackbone());
    await coordinator.adoptPlan(testPlan({ server: { optimizer: 'fedadam', learningRate: 0.1 } }), testRelease());
    await coordinator.start();
    const members = await federationOf(coordinator, () => ({ difference: -0.05 }));
    await coordinator.startRound();
    await coordinator.idle();
    const round = await coordinator.round(1);
    expect(round).toMatchObject({ outcome: 'rejected', releaseHash: null, difference: { customers: 250 } });
    expect(round?.reason).toMatch(/the candidate may be worse: .* -0\.0500, at least -0\.0507/);
    expect(coordinator.lineage.release).toMatchObject({ number: 0, moments: null });
    const closing = { outcome: 'rejected', releaseHash: contentHash(testRelease()) };
    await eventually(() => expect(members[0]?.site.record.closings).toMatchObject([closing]));
  });

  test.each(['closed', 'killed'])('goes on with the round in which it was %s', async (how) => {
    const first = await open();
    await first.registerBackbone(testBackbone());
    await first.adoptPlan(testPlan(), testRelease());
    const { address } = await first.start();
    const members = await federationOf(first, (index) => ({ afterKeys: index < 2 ? 'uploads' : 'stalls' }));
    await first.startRound();
    await eventually(() => expect(first.view().running?.waitingFor).toMatch(/^Waiting .*: 2 of 5 are in/));
    // What is on the disk now is what a power cut would leave: logs without an end.
    const copy = await temporaryFolder();
    if (how === 'killed') await cp(home, copy, { recursive: true });
    await first.close();
    if (how === 'killed') home = copy;

    const second = await open({ grpcPort: Number(address.split(':')[1]) });
    expect(second.view().running).toMatchObject({ number: 1, phase: 'collecting', cohort: NAMES });
    expect(second.view().running?.resumedAt).toHaveLength(1);
    await second.start();
    for (const { site, tls } of members) await connected(site, second.addresses.address, tls);
    for (const { site } of members.slice(2)) await site.upload();
    await second.idle();
    expect(await second.round(1)).toMatchObject({ outcome: 'accepted', survivors: NAMES, dropped: [] });
    expect(await sumOf(second, 1)).toEqual(quantisedSum(members, 1));
  });
});

describe('what a coordinator refuses', () => {
  test('a second one on the same home', async () => {
    await open();
    await expect(open()).rejects.toMatchObject({
      code: 'home-in-use',
      message: expect.stringContaining('stop it first') as string,
    });
  });

  test('a home of another federation', async () => {
    await (await open()).close();
    await expect(open({ name: 'Other' })).rejects.toMatchObject({ code: 'config-invalid' });
  });

  test('a port in use, leaving none of the others open', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    opened.push({ close: () => void blocker.close() });
    await new Promise((resolve) => blocker.once('listening', resolve));
    const { port } = blocker.address() as AddressInfo;
    const free = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => free.once('listening', resolve));
    const grpcPort = (free.address() as AddressInfo).port;
    await new Promise((resolve) => free.close(resolve));

    const coordinator = await open({ grpcPort, consolePort: port });
    const failure = { code: 'port-in-use', message: expect.stringMatching(`Port ${port} .* "consolePort"`) as string };
    await expect(coordinator.start()).rejects.toMatchObject(failure);
    const again = createServer().listen(grpcPort, '127.0.0.1');
    await new Promise((resolve, reject) => again.once('listening', resolve).once('error', reject));
    again.close();
  });

  test('an invitation that was used, and a site that was revoked', async () => {
    const coordinator = await open();
    await coordinator.start();
    const site = new ScriptedSite(parseSiteId('akita'), honestScript(0));
    const invitation = await coordinator.invite('akita', 'Akita');
    const tls = await enrolled(site, invitation);
    await expect(enrolled(site, invitation)).rejects.toThrow(/unknown or used/);
    await coordinator.revoke('akita', 'stolen computer');
    opened.push({ close: () => site.disconnect() });
    await expect(connected(site, coordinator.addresses.address, tls)).rejects.toThrow(/was revoked/);
  });

  test('a round without a plan or without enough sites', async () => {
    const coordinator = await open();
    await expect(coordinator.startRound()).rejects.toMatchObject({ code: 'no-plan' });
    expect(() => coordinator.view()).toThrow(/No backbone/);
    await coordinator.registerBackbone(testBackbone());
    await coordinator.adoptPlan(testPlan(), testRelease());
    await expect(coordinator.startRound()).rejects.toMatchObject({
      code: 'too-few-sites',
      message: 'Waiting for sites: 0 of the 3 that a round needs are connected.',
    });
  });

  test('a plan or a release that does not fit the backbone', async () => {
    const coordinator = await open();
    await coordinator.registerBackbone(testBackbone());
    const partial = testPlan({ groups: { 'item.text': { start: 'reinit', scope: 'federated' } } });
    await expect(coordinator.adoptPlan(partial, testRelease())).rejects.toThrow(/says nothing about the group/);
    await expect(coordinator.adoptPlan(testPlan(), testBackbone())).rejects.toThrow(/not a release/);
    await expect(coordinator.adoptPlan(testPlan(), null)).rejects.toThrow(/first plan needs a release/);
    const frozen = {
      'item.text': { start: 'pretrained', scope: 'frozen' },
      'sequence.norm': { start: 'pretrained', scope: 'federated' },
    } as const;
    await expect(coordinator.adoptPlan(testPlan({ groups: frozen }), testRelease())).rejects.toThrow(
      /does not share|missing/,
    );
  });
});
