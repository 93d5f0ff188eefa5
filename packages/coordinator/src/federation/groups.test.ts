import { CertificateAuthority, generateSigningKey, parseRoundId, parseSiteId, planMasking } from '@noren/protocol';
import type { PlanTemplate, SiteMessage } from '@noren/protocol';
import type { RoundView } from '@noren/protocol/console';
import { groupsOf } from '@noren/secure-aggregation';
import { federatedVector, readSafetensors } from '@noren/tensor/safetensors';
import pino from 'pino';
import { expect, test } from 'vitest';

import { BlobStore } from '../blobs/blob-store.ts';
import { NoiseKeyFolder } from '../noise/noise-keys.ts';
import { RoundFolders } from '../round-log/round-folders.ts';
import { Journal } from '../store/journal.ts';
import { openSqliteEventStore } from '../store/sqlite-event-store.ts';
import { eventually } from '../testing/eventually.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { joined, linked } from '../testing/in-process-link.ts';
import { testBackbone, testPlan, testRelease, VECTOR_LENGTH } from '../testing/lineage.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { honestScript, ScriptedSite } from '../testing/scripted-site.ts';
import type { Script } from '../testing/scripted-site.ts';
import { Federation } from './federation.ts';

const ADDRESSES = { address: 'nowhere:1', consoleAddress: 'http://nowhere:3' };

interface Federated {
  readonly federation: Federation;
  readonly clock: ManualClock;
  readonly sites: readonly ScriptedSite[];
}

/** So many sites, connected, with real masking and a plan in force. */
async function federated(
  count: number,
  plan: Partial<PlanTemplate>,
  script: (index: number) => Partial<Script>,
): Promise<Federated> {
  const clock = new ManualClock(Date.parse('2025-06-01T00:00:00Z'));
  const journal = await Journal.open(await openSqliteEventStore(':memory:'), () => clock.now());
  await journal.append({ kind: 'federation-created', id: '00ff', name: 'Test' });
  const federation = await Federation.open({
    journal,
    blobs: await BlobStore.open(await temporaryFolder()),
    rounds: await RoundFolders.open(await temporaryFolder(), null),
    noiseKeys: await NoiseKeyFolder.open(await temporaryFolder()),
    authority: await CertificateAuthority.create('Test', new Date(clock.now())),
    planKey: generateSigningKey(),
    clock,
    log: pino({ level: 'silent' }),
    schedule: null,
  });
  await federation.registerBackbone(testBackbone());
  await federation.adoptPlan(testPlan(plan), testRelease());
  federation.run();
  const sites: ScriptedSite[] = [];
  for (let index = 0; index < count; index++) {
    const id = parseSiteId(`shop-${String(index).padStart(3, '0')}`);
    const site = new ScriptedSite(id, { ...honestScript(index), examples: 100, ...script(index) });
    linked(federation, site, await joined(federation, site));
    sites.push(site);
  }
  return { federation, clock, sites };
}

async function nextRound(federation: Federation): Promise<RoundView> {
  const number = await federation.startRound();
  return ended(federation, number);
}

async function ended(federation: Federation, number: number): Promise<RoundView> {
  await federation.idle();
  const round = await federation.round(number);
  if (round?.endedAt == null) throw new Error(`round ${number} has not ended`);
  return round;
}

/** What the last candidate added to the release before. */
function step({ federation, sites }: Federated, before: Float32Array): Float32Array {
  const candidate = sites.flatMap(({ record }) => record.candidates).at(-1);
  if (candidate === undefined) throw new Error('no candidate was announced');
  expect(federation.lineage.release).not.toBeNull();
  return federatedVector(readSafetensors(candidate)).map((value, at) => value - (before[at] ?? 0));
}

const START = federatedVector(readSafetensors(testRelease()));
const ROBUST = {
  aggregation: { profile: 'robust', groupSize: 4, combine: 'median' },
  cohort: { minimumSites: 12, quorum: 1 },
} as const;
const constant = (value: number) => (): Float32Array => new Float32Array(VECTOR_LENGTH).fill(value);

test('of a robust plan one group that was spoilt does not move the candidate, and it is said which', async () => {
  // Among eleven honest sites one that sends the opposite, as long as it may be.
  const setting = await federated(12, ROBUST, (index) => ({ update: constant(index === 0 ? -0.24 : 0.05) }));
  const round = await nextRound(setting.federation);
  expect(round).toMatchObject({ outcome: 'accepted', groups: [{}, {}, {}] });
  const spoilt = round.groups.filter(({ survivors }) => survivors.includes('shop-000'));
  expect(spoilt).toMatchObject([{ outlying: true, fault: expect.stringContaining('points against') as unknown }]);
  expect(round.groups.filter(({ outlying }) => outlying === true)).toHaveLength(1);
  expect(round.survivors).toHaveLength(8);
  const moved = step(setting, START);
  for (const value of moved) expect(value).toBeCloseTo(0.05, 3);
});

test('with the groups’ plain mean the same site does move it', async () => {
  const plan = { cohort: { minimumSites: 12, quorum: 1 } };
  const setting = await federated(12, plan, (index) => ({ update: constant(index === 0 ? -0.24 : 0.05) }));
  const round = await nextRound(setting.federation);
  expect(round).toMatchObject({ outcome: 'accepted', groups: [] });
  const moved = step(setting, START);
  for (const value of moved) expect(value).toBeCloseTo((11 * 0.05 - 0.24) / 12, 3);
});

test('a site that spoils its groups round after round is found among groups drawn anew, left out, and taken in again', async () => {
  const spoiler = 'shop-003';
  const { federation, sites } = await federated(
    20,
    { ...ROBUST, cohort: { minimumSites: 16, quorum: 1 } },
    (index) => ({
      update: (plan) => {
        const update = honestScript(index)
          .update(plan)
          .map((value, at) => 0.05 * Math.cos(at) + value / 10);
        return index === 3 ? update.map((value) => -5 * value) : update;
      },
    }),
  );
  const quarantined = (): readonly string[] =>
    federation.view(ADDRESSES).sites.flatMap(({ id, quarantine }) => (quarantine === null ? [] : [id]));
  let rounds = 0;
  while (quarantined().length === 0 && rounds < 25) {
    rounds += 1;
    expect((await nextRound(federation)).outcome).toBe('accepted');
  }
  expect(quarantined()).toEqual([spoiler]);
  expect((await nextRound(federation)).cohort).not.toContain(spoiler);
  for (const site of sites) site.script = honestScript(0);
  await federation.release(parseSiteId(spoiler), 'its computer was replaced');
  expect(quarantined()).toEqual([]);
  expect((await nextRound(federation)).survivors).toContain(spoiler);
  await expect(federation.release(parseSiteId(spoiler), 'again')).rejects.toMatchObject({ code: 'not-quarantined' });
}, 60_000);

test('a site that goes on with its upload when its group was given up disturbs nobody', async () => {
  const setting = await federated(16, ROBUST, () => ({ afterKeys: 'stalls', update: constant(0.05) }));
  const { federation, clock, sites } = setting;
  const number = await federation.startRound();
  const isReady = ({ record }: ScriptedSite): boolean => record.received.includes('shareDelivery');
  await eventually(() => expect(sites.every(isReady)).toBe(true));
  const [lost = [], ...others] = groupsOfRound(sites);
  const [late] = lost;
  if (late?.link == null) throw new Error('not connected');
  let goOn = (): Promise<void> => Promise.reject(new Error('nothing was begun'));
  late.link = {
    ...late.link,
    // The round waits for its report.
    download: () => new Promise(() => {}),
    upload: async (header, [chunk]) => {
      const receiver = await federation.handlers().upload({ siteId: late.id, fingerprint: '' }, header);
      goOn = () => receiver.chunk(0, chunk ?? new Uint8Array());
    },
  };
  for (const site of [...others.flat(), late]) await site.upload();
  clock.advance(11_000);
  await eventually(() => expect(federation.view(ADDRESSES).running?.phase).toBe('evaluating'));
  await expect(goOn()).rejects.toMatchObject({ code: 'wrong-state' });
  await eventually(() => expect(federation.view(ADDRESSES).running?.gates).toHaveLength(15));
  clock.advance(11_000);
  expect(await ended(federation, number)).toMatchObject({ outcome: 'accepted', groups: [{}, {}, {}, {}] });
});

test('of a group whose sites leave when they have signed nobody is asked to open the sum', async () => {
  const setting = await federated(16, ROBUST, () => ({ afterKeys: 'stalls', update: constant(0.05) }));
  const { federation, sites } = setting;
  const number = await federation.startRound();
  const isReady = ({ record }: ScriptedSite): boolean => record.received.includes('shareDelivery');
  await eventually(() => expect(sites.every(isReady)).toBe(true));
  const [lost = [], ...others] = groupsOfRound(sites);
  const [last] = others.flat();
  let sayLast = (): void => undefined;
  for (const site of [...lost.slice(0, 2), ...(last === undefined ? [] : [last])]) {
    const { link } = site;
    if (link === null) throw new Error('not connected');
    const send = (message: SiteMessage): void => {
      if (message.kind !== 'survivorSignature') return link.send(message);
      if (site === last) return void (sayLast = () => link.send(message));
      link.send(message);
      link.send({ kind: 'withdrawal', roundId: parseRoundId(message.roundId), reason: 'stock-taking' });
    };
    site.link = { ...link, send };
  }
  for (const site of sites) await site.upload();
  const waitingFor = (): string => federation.view(ADDRESSES).running?.waitingFor ?? '';
  await eventually(() => expect(waitingFor()).toContain('signatures of who survived'));
  await eventually(() => expect(waitingFor()).toContain('15 of 16 are in'));
  sayLast();
  const round = await ended(federation, number);
  expect(round).toMatchObject({
    outcome: 'accepted',
    survivors: others
      .flat()
      .map(({ id }) => id)
      .toSorted(),
  });
  expect(lost.filter(({ record }) => record.received.includes('revealRequest'))).toEqual([]);
});

test('of 130 sites in two groups one loses too many and is given up, and the other makes the candidate', async () => {
  const setting = await federated(130, { cohort: { minimumSites: 60, quorum: 0.5 } }, (index) => ({
    update: constant(0.0005 * (index + 1)),
    afterKeys: 'stalls',
  }));
  const { federation, clock, sites } = setting;
  const number = await federation.startRound();
  const isReady = ({ record }: ScriptedSite): boolean => record.received.includes('shareDelivery');
  await eventually(() => expect(sites.every(isReady)).toBe(true));
  const [whole, lost] = groupsOfRound(sites) as [ScriptedSite[], ScriptedSite[]];
  for (const site of [...whole, ...lost.slice(0, 30)]) await site.upload();
  clock.advance(11_000);
  const round = await ended(federation, number);
  const ids = whole.map(({ id }) => id);
  expect(round).toMatchObject({ outcome: 'accepted', survivors: ids });
  expect(round.groups).toMatchObject([
    { survivors: ids, fault: null },
    { survivors: [], fault: expect.stringContaining('too few masked updates arrived: 30 of') as unknown },
  ]);
  // Whoever uploaded in vain judges the candidate all the same.
  expect(round.gates).toHaveLength(130);
  const mean = ids.reduce((sum, id) => sum + 0.0005 * (Number(id.slice(5)) + 1), 0) / ids.length;
  for (const value of step(setting, START)) expect(value).toBeCloseTo(mean, 3);
}, 120_000);

test('of 130 sites in one flat graph some are lost, and the others are one sum', async () => {
  const plan: Partial<PlanTemplate> = {
    aggregation: { profile: 'private', topology: 'flat' },
    cohort: { minimumSites: 100, quorum: 0.9 },
  };
  const isLost = (index: number): boolean => index % 26 === 7;
  const setting = await federated(130, plan, (index) => ({
    update: constant(0.0005 * (index + 1)),
    afterKeys: isLost(index) ? 'stalls' : 'uploads',
  }));
  const { federation, clock, sites } = setting;
  const number = await federation.startRound();
  const waiting = (): string => federation.view(ADDRESSES).running?.waitingFor ?? '';
  await eventually(() => expect(waiting()).toMatch(/masked updates.*: 125 of 130/));
  clock.advance(11_000);
  const round = await ended(federation, number);
  const survivors = sites.filter((_, index) => !isLost(index)).map(({ id }) => id);
  expect(round).toMatchObject({ outcome: 'accepted', survivors, groups: [] });
  const mean = survivors.reduce((sum, id) => sum + 0.0005 * (Number(id.slice(5)) + 1), 0) / survivors.length;
  for (const value of step(setting, START)) expect(value).toBeCloseTo(mean, 3);
}, 120_000);

/** As the plan divides them; all of them take part. */
function groupsOfRound(sites: readonly ScriptedSite[]): readonly (readonly ScriptedSite[])[] {
  const plan = sites[0]?.plan;
  if (plan == null) throw new Error('no round has begun');
  const byId = new Map(sites.map((site) => [String(site.id), site]));
  const { grouping } = planMasking(plan, new Uint8Array(32), null);
  return groupsOf(grouping, [...byId.keys()].toSorted()).map((group) =>
    group.sites.flatMap((id) => byId.get(id) ?? []),
  );
}
