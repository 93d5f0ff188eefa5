import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readSite, siteSourceSchema } from '@noren/dataset';
import type { RoundView } from '@noren/protocol/console';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { startRecordingProxy, type KeyPair, type RecordingProxy } from '../wire/recording-proxy.ts';
import { freePort, killAll, noren, type RunningNoren } from './noren-process.ts';
import { endedRound, until } from './observe.ts';
import { readRing, ringSum } from './ring-sum.ts';

/**
 * One coordinator and five agents, every one an operating system process, over mutual TLS on loopback. The tests are
 * the chapters of one federation's life and run in order.
 */
describe('a federation of five sites', () => {
  let home: string;
  let demo: string;
  let sites: string[];
  let ports: { grpc: number; enrolment: number; console: number };
  let proxy: RecordingProxy;
  let coordinator: RunningNoren;
  const agents = new Map<string, RunningNoren>();

  const portFlags = (): string[] =>
    Object.entries({ grpc: ports.grpc, enrolment: ports.enrolment, console: ports.console }).flatMap(([name, port]) => [
      `--${name}-port`,
      String(port),
    ]);
  const siteHome = (site: string): string => join(demo, 'sites', site);
  const everything = (): RunningNoren[] => [coordinator, ...agents.values()];
  const startCoordinator = (): RunningNoren => noren(['up', '--home', join(demo, 'coordinator'), '--log', 'info']);
  const startAgent = (site: string): void => {
    agents.set(site, noren(['site', 'run', '--home', siteHome(site), '--log', 'info']));
  };
  const roundEnds = (number: number): Promise<RoundView> =>
    until(ports.console, endedRound(number), {
      what: `the end of round ${number}`,
      seconds: 120,
      processes: everything(),
    });

  /** The kept sum of a round, and the plain sum of what the named sites quantised. */
  async function sums(round: RoundView, of: readonly string[]): Promise<{ kept: Int32Array; plain: Int32Array }> {
    const updates = await Promise.all(
      of.map((site) => readRing(join(siteHome(site), 'rounds', round.id, 'update.i32'))),
    );
    expect(round.sumHash).not.toBeNull();
    const kept = await readRing(await blobFile(join(demo, 'coordinator', 'blobs'), String(round.sumHash)));
    return { kept, plain: ringSum(updates) };
  }

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'noren-federation-'));
    ports = { grpc: await freePort(), enrolment: await freePort(), console: await freePort() };
  });

  afterAll(async () => {
    await killAll();
    await proxy?.close();
    await rm(home, { recursive: true, force: true });
  });

  test('noren demo sets it up and completes a round', async () => {
    const run = noren(['demo', '--home', home, '--rounds', '1', '--schedule', '* * * * * *', '--json', ...portFlags()]);
    const { code, stdout, stderr } = await run.finished;
    expect(code, stderr).toBe(0);
    const rounds = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as RoundView);
    expect(rounds.at(-1)).toMatchObject({ outcome: 'accepted', dropped: [] });
    expect(stderr, 'every process stops when it is asked to').not.toContain('was killed');
    demo = join(home, (await readdir(home))[0] ?? '');
    sites = (await readdir(join(demo, 'sites'))).toSorted();
    expect(sites).toHaveLength(5);
    for (const gate of rounds.at(-1)?.gates ?? []) {
      expect(gate.gate.scores.map((score) => score.strategy)).toEqual(
        expect.arrayContaining(['scratch', 'backbone', 'local', 'federated']),
      );
    }
  }, 240_000);

  test('it goes on where it stopped, and the sum is exactly the sum of the five updates', async () => {
    const siteKeys = new Map<string, KeyPair>();
    proxy = await startRecordingProxy({
      ...(await coordinatorKeys(join(demo, 'coordinator'))),
      siteKeys: (site) => siteKeys.get(site) ?? { certificate: '', key: '' },
      coordinatorPort: ports.grpc,
    });
    for (const site of sites) {
      siteKeys.set(site, await agentKeys(siteHome(site)));
      await editJson(join(siteHome(site), 'agent.json'), (config) => ({ ...config, keepUpdates: true }));
      await editJson(join(siteHome(site), 'identity', 'federation.json'), (federation) => ({
        ...federation,
        address: `localhost:${proxy.port}`,
      }));
    }
    coordinator = startCoordinator();
    for (const site of sites) startAgent(site);
    // A round that the demonstration was in as it stopped goes on, and one may begin before the last site is back.
    const startedAt = new Date().toISOString();
    const round = await until(
      ports.console,
      (view) =>
        view.rounds.find(
          ({ outcome, startedAt: at, survivors }) =>
            outcome !== null && outcome !== 'failed' && at > startedAt && survivors.length === sites.length,
        ),
      { what: 'a round of all sites', seconds: 120, processes: everything() },
    );
    expect(round.dropped).toEqual([]);
    expect(round.survivors.toSorted()).toEqual(sites);
    const { kept, plain } = await sums(round, sites);
    expect(kept).toEqual(plain);
  }, 240_000);

  test('a site killed after the key exchange is recovered: the sum is exactly that of the other four', async () => {
    const victim = sites[2] ?? '';
    const number = await until(
      ports.console,
      ({ running }) => (running?.phase === 'relearning' ? running.number : undefined),
      { what: 'a round that re-learns', seconds: 120, processes: everything() },
    );
    await agents.get(victim)?.killHard();
    const round = await roundEnds(number);
    const others = sites.filter((site) => site !== victim);
    expect(round.survivors.toSorted()).toEqual(others);
    expect(round.dropped.map((drop) => drop.site)).toEqual([victim]);
    const { kept, plain } = await sums(round, others);
    expect(kept).toEqual(plain);
    startAgent(victim);
  }, 240_000);

  test('a coordinator and a site killed in the middle of a round complete that very round, exactly', async () => {
    const running = await until(
      ports.console,
      ({ running: round }) =>
        round?.phase === 'relearning' && round.cohort.length === sites.length ? round : undefined,
      { what: 'a round of all sites that re-learns', seconds: 120, processes: everything() },
    );
    const victim = sites[1] ?? '';
    await Promise.all([coordinator.killHard(), agents.get(victim)?.killHard()]);
    coordinator = startCoordinator();
    startAgent(victim);
    const round = await roundEnds(running.number);
    expect(round.id).toBe(running.id);
    expect(round.outcome, round.reason ?? '').not.toBe('failed');
    expect(round.resumedAt).toHaveLength(1);
    expect(round).toMatchObject({ dropped: [], refused: [] });
    expect(round.survivors.toSorted()).toEqual(sites);
    const { kept, plain } = await sums(round, sites);
    expect(kept).toEqual(plain);
  }, 240_000);

  test('a coordinator killed between rounds goes on with the next round and the same release', async () => {
    const before = await until(
      ports.console,
      (view) => (view.running === null && view.sites.every((site) => site.connected) ? view : undefined),
      { what: 'a pause between rounds with every site there', seconds: 120, processes: everything() },
    );
    await coordinator.killHard();
    coordinator = startCoordinator();
    const after = await until(ports.console, (view) => view, {
      what: 'the coordinator',
      seconds: 60,
      processes: everything(),
    });
    expect(after.release.hash).toBe(before.release.hash);
    // Rounds may begin before the last site is back, and a slow machine may lose one of those; soon one has them all.
    const next = Math.max(...before.rounds.map((round) => round.number)) + 1;
    await until(
      ports.console,
      ({ rounds }) =>
        rounds.find(
          ({ number, outcome, survivors }) =>
            number >= next && outcome !== null && outcome !== 'failed' && survivors.length === sites.length,
        ),
      { what: 'a round of all sites after the restart', seconds: 120, processes: everything() },
    );
  }, 240_000);

  test('what crossed the wire holds no interaction, no item and no unmasked update', async () => {
    for (const process of everything().toReversed()) await process.stop();
    for (const site of sites) {
      const sent = proxy.sent().get(site) ?? Buffer.alloc(0);
      const heard = proxy.heard().get(site) ?? Buffer.alloc(0);
      // The recording sees inside the messages: the plan is heard, and an upload of the vector's size is sent.
      expect(heard.includes('"training"')).toBe(true);
      const config = JSON.parse(await readFile(join(siteHome(site), 'agent.json'), 'utf8')) as { data: unknown };
      const { catalogue, sequences } = await readSite(siteSourceSchema.parse(config.data), siteHome(site));
      const secrets = [...sequences.customers, ...catalogue.flatMap((item) => [item.id, item.text])];
      expect(secrets.filter((secret) => sent.includes(secret) || heard.includes(secret))).toEqual([]);
      const kept = await keptUpdates(siteHome(site));
      expect(kept.length).toBeGreaterThan(0);
      for (const update of kept) {
        expect(sent.length).toBeGreaterThan(update.byteLength);
        expect(windowsIn(update).filter((window) => sent.includes(window) || heard.includes(window))).toEqual([]);
      }
    }
  }, 120_000);
});

async function editJson(
  file: string,
  edit: (value: Record<string, unknown>) => Record<string, unknown>,
): Promise<void> {
  const value = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  await writeFile(file, JSON.stringify(edit(value)));
}

async function agentKeys(home: string): Promise<KeyPair> {
  // Key and certificate lie in one file.
  const pem = await readFile(join(home, 'identity', 'tls.pem'), 'utf8');
  return { certificate: pem, key: pem };
}

async function coordinatorKeys(home: string): Promise<{ authority: string; server: KeyPair }> {
  const read = (...path: string[]): Promise<string> => readFile(join(home, ...path), 'utf8');
  return {
    authority: await read('authority', 'certificate.pem'),
    server: {
      certificate: await read('identity', 'server-certificate.pem'),
      key: await read('identity', 'server-key.pem'),
    },
  };
}

async function blobFile(folder: string, hash: string): Promise<string> {
  const found = (await readdir(folder, { recursive: true })).find((name) => name.replaceAll('/', '').endsWith(hash));
  return join(folder, found ?? hash);
}

async function keptUpdates(home: string): Promise<Buffer[]> {
  const folder = join(home, 'rounds');
  const rounds = existsSync(folder) ? await readdir(folder) : [];
  const files = rounds.map((round) => join(folder, round, 'update.i32')).filter((file) => existsSync(file));
  return Promise.all(files.map((file) => readFile(file)));
}

/** Runs of eight ring elements from all over an update, leaving out runs that are mostly zero and could occur anywhere. */
function windowsIn(update: Buffer): Buffer[] {
  const length = 32;
  const step = Math.max(length, Math.floor(update.byteLength / 200 / 4) * 4);
  const windows: Buffer[] = [];
  for (let at = 0; at + length <= update.byteLength; at += step) {
    const window = update.subarray(at, at + length);
    if (new Set(window).size > 8) windows.push(window);
  }
  return windows;
}
