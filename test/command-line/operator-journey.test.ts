import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { generateFederation, writeSite, type SiteSource } from '@noren/dataset';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { freePort, killAll, noren, type RunningNoren } from '../federation/noren-process.ts';
import { until } from '../federation/observe.ts';

/** What the README tells an operator and a site's administrator to do, command by command. */

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'noren-operator-'));
});

afterAll(async () => {
  await killAll();
  await rm(folder, { recursive: true, force: true });
});

async function output(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await noren(args).finished;
  expect(code, stderr).toBe(0);
  return stdout;
}

function below(base: string, source: SiteSource): SiteSource {
  const { catalogue, interactions } = source;
  const imageFolder = catalogue.imageFolder === undefined ? base : join(base, catalogue.imageFolder);
  return {
    ...source,
    catalogue: { ...catalogue, file: join(base, catalogue.file), imageFolder },
    interactions: { ...interactions, file: join(base, interactions.file) },
  };
}

test('from headquarters’ files to a round of three invited sites that a registrar lists', async () => {
  const imageFolder = join(folder, 'images');
  await mkdir(imageFolder);
  const world = await generateFederation({ seed: 3, world: 'shared', sites: 3, imageFolder });
  const headquarters = await writeSite(join(folder, 'headquarters'), world.headquarters);
  await writeFile(join(folder, 'headquarters', 'data.json'), JSON.stringify(headquarters));

  const backbone = join(folder, 'backbone.safetensors');
  await output(
    'backbone',
    'pretrain',
    '--data',
    join(folder, 'headquarters', 'data.json'),
    '--out',
    backbone,
    '--epochs',
    '2',
  );
  const plan = join(folder, 'plan.json');
  await writeFile(plan, await output('plan', 'new', 'ant', '--identity', '--backbone', backbone));

  const home = join(folder, 'coordinator');
  await mkdir(home);
  const consolePort = await freePort();
  const settings = { name: 'North', grpcPort: await freePort(), enrolmentPort: await freePort(), consolePort };
  await writeFile(join(home, 'coordinator.json'), JSON.stringify(settings));
  await output('plan', 'adopt', plan, '--backbone', backbone, '--home', home);

  const processes: RunningNoren[] = [noren(['up', '--home', home])];
  const seconds = 120;
  const address = `http://127.0.0.1:${consolePort}`;
  await until(consolePort, (view) => view, { what: 'the coordinator', seconds, processes });
  const registrar = join(folder, 'registrar');
  const registrarKey = (await output('registrar', 'create', '--home', registrar)).trim();
  const identities: string[] = [];
  for (const { id, name, data } of world.sites) {
    const invitation = join(folder, `${id}.json`);
    await writeFile(
      invitation,
      await output('site', 'invite', id, '--name', name, '--home', home, '--console', address),
    );
    const siteHome = join(folder, 'agents', id);
    await output('site', 'join', '--invitation', invitation, '--home', siteHome);
    const source = below(join(folder, 'sites', id), await writeSite(join(folder, 'sites', id), data));
    await writeFile(
      join(siteHome, 'agent.json'),
      JSON.stringify({ version: 1, data: source, policy: { registrarKey } }),
    );
    const identity = join(folder, `${id}.identity.json`);
    await writeFile(identity, await output('site', 'identity', '--home', siteHome));
    identities.push(identity);
    processes.push(noren(['site', 'run', '--home', siteHome]));
  }
  const roster = join(folder, 'roster.json');
  await writeFile(
    roster,
    await output('registrar', 'sign', '--home', registrar, '--federation', 'North', '--add', ...identities),
  );
  const installed = await output('site', 'roster', roster, '--home', home, '--console', address, '--json');
  expect(JSON.parse(installed)).toEqual({ epoch: 1, sites: 3 });
  await until(consolePort, (view) => (view.sites.every((site) => site.connected) ? view : undefined), {
    what: 'three connected sites',
    seconds,
    processes,
  });
  await output('round', 'start', '--home', home, '--console', address);
  const round = await until(consolePort, (view) => view.rounds.find(({ outcome }) => outcome !== null), {
    what: 'the end of the round',
    seconds,
    processes,
  });
  expect(round.outcome).not.toBe('failed');
  expect(round.survivors).toHaveLength(3);
  expect(JSON.parse(await output('status', '--console', address, '--json'))).toMatchObject({ name: 'North' });

  for (const process of processes.toReversed()) await process.stop();
  for (const { id } of world.sites) {
    const ledger = JSON.parse(await output('site', 'ledger', '--home', join(folder, 'agents', id))) as {
      problem: unknown;
    };
    expect(ledger.problem).toBeNull();
    expect(await readFile(join(folder, 'agents', id, 'ledger.jsonl'), 'utf8')).toContain('upload');
  }
}, 300_000);
