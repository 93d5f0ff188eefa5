import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Coordinator, Journal, openSqliteEventStore } from '@noren/coordinator';
import { parseSiteId } from '@noren/protocol';
import { federationViewSchema } from '@noren/protocol/console';
import type { FederationView } from '@noren/protocol/console';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';

import { exitOf } from '../failure.ts';
import { createProgram } from '../program.ts';
import { tinyBackbone } from '../testing/tiny-backbone.ts';

const SINCE = Date.parse('2026-11-24T02:41:20Z');
const SITES = ['akita', 'beppu', 'chiba'] as const;

let folder: string;
let home: string;
let coordinator: Coordinator;
let address: string;

/** A federation in whose log, as a coordinator writes it, two of three sites were put in quarantine. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'noren-site-decision-'));
  home = join(folder, 'coordinator');
  const backbone = join(folder, 'backbone.safetensors');
  await writeFile(backbone, tinyBackbone());
  await writeFile(join(folder, 'plan.json'), await noren('plan', 'new', 'fine-tune', '--backbone', backbone));
  const settings = { home, name: 'North', grpcPort: 0, enrolmentPort: 0, consolePort: 0 };
  const log = pino({ level: 'silent' });
  const founded = await Coordinator.open(settings, { log });
  for (const site of SITES) await founded.invite(site, site.toUpperCase());
  await founded.close();
  const journal = await Journal.open(await openSqliteEventStore(join(home, 'state.sqlite')), () => SINCE);
  for (const id of ['akita', 'chiba']) {
    await journal.append({
      kind: 'site-quarantined',
      site: parseSiteId(id),
      score: 9,
      limit: 8,
      rounds: 12,
      outlying: 9,
    });
  }
  await journal.close();
  await noren('plan', 'adopt', join(folder, 'plan.json'), '--backbone', backbone, '--home', home);
  coordinator = await Coordinator.open(settings, { log });
  address = (await coordinator.start()).consoleAddress;
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  await coordinator.close();
  await rm(folder, { recursive: true });
});

/** What the command prints, on standard output and error. */
async function noren(...words: string[]): Promise<string> {
  let printed = '';
  const print = (text: string | Uint8Array): boolean => {
    printed += String(text);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(print);
  vi.spyOn(process.stderr, 'write').mockImplementation(print);
  try {
    await createProgram().parseAsync(['--language', 'en', ...words], { from: 'user' });
  } finally {
    vi.restoreAllMocks();
  }
  return printed;
}

function decide(decision: 'release' | 'revoke', site: string, ...more: string[]): Promise<string> {
  return noren('site', decision, site, '--home', home, '--console', address, ...more);
}

async function view(): Promise<FederationView> {
  return federationViewSchema.parse(JSON.parse(await noren('--json', 'status', '--console', address)));
}

/** Message and exit code. */
async function failure(running: Promise<unknown>): Promise<readonly [string, number]> {
  const error: unknown = await running.then(
    () => new Error('it did not fail'),
    (caught: unknown) => caught,
  );
  return [(error as Error).message, exitOf(error)];
}

test('the status names the sites in quarantine, since when, why, and what ends it', async () => {
  const shown = await noren('status', '--console', address);
  expect(shown).toMatch(/^akita +AKITA +in quarantine, away$/m);
  expect(shown).toMatch(/^beppu +BEPPU +away$/m);
  expect(shown).toContain(
    'akita has been in quarantine since 2026-11-24 02:41 UTC: its group stood out in 9 of 12 rounds.\n' +
      'chiba has been in quarantine since 2026-11-24 02:41 UTC: its group stood out in 9 of 12 rounds.\n',
  );
  expect(shown).toContain('noren site release akita --home <home> --reason "<what you found>"\n');
  expect(shown).toContain('noren site revoke akita --home <home> --reason "<what you found>"\n');
  const japanese = await noren('--language', 'ja', 'status', '--console', address);
  expect(japanese).toContain('akita は 2026-11-24 02:41 UTC から隔離中です。12 ラウンド中 9 回');
});

test('a release needs a reason, a token and a site that is in quarantine, and changes nothing without', async () => {
  expect(await failure(decide('release', 'beppu', '--reason', 'repaired'))).toEqual([
    'beppu is not in quarantine, so nothing was changed. `noren status` shows which sites are.',
    1,
  ]);
  expect(await failure(decide('release', 'osaka', '--reason', 'repaired'))).toEqual([
    'There is no site osaka in this federation. `noren status` lists the sites by their ids.',
    3,
  ]);
  const elsewhere = ['--home', folder, '--console', address, '--reason', 'repaired'];
  expect(await failure(noren('site', 'release', 'akita', ...elsewhere))).toEqual([
    expect.stringContaining('No operator token at'),
    3,
  ]);
  await writeFile(join(folder, 'operator-token'), 'wrong');
  expect(await failure(noren('site', 'release', 'akita', ...elsewhere))).toEqual([
    expect.stringContaining('This needs the operator token'),
    4,
  ]);
  expect((await failure(decide('release', 'akita')))[0]).toContain("required option '--reason <text>'");
  expect((await failure(decide('release', 'akita', '--reason', '  ')))[0]).toContain('say why in 1 to 500 characters');
  expect((await failure(decide('release', '../akita', '--reason', 'repaired')))[0]).toContain('lower-case');
  const { sites } = await view();
  expect(sites.map(({ quarantine }) => quarantine?.outlying)).toEqual([9, undefined, 9]);
});

test('a released site is out of quarantine, and is so once only', async () => {
  expect(await decide('release', 'akita', '--reason', ' the export is mended ')).toBe(
    'akita takes part again from the next round on, and begins without suspicion.\n',
  );
  expect((await view()).sites[0]).toMatchObject({ id: 'akita', quarantine: null, revoked: null });
  const [message, exit] = await failure(decide('release', 'akita', '--reason', 'again', '--language', 'ja'));
  expect([message, exit]).toEqual([expect.stringContaining('akita は隔離中ではない'), 1]);
});

test('a revoked site is out, asks for no decision any more, and is told as such', async () => {
  expect(JSON.parse(await decide('revoke', 'chiba', '--reason', 'sold', '--json'))).toEqual({
    site: 'chiba',
    revoked: true,
  });
  expect((await view()).sites[2]).toMatchObject({ id: 'chiba', revoked: 'sold' });
  const shown = await noren('status', '--console', address);
  expect(shown).toMatch(/^chiba +CHIBA +revoked$/m);
  expect(shown).not.toContain('quarantine');
});

test('rounds that never were are not found, and it is said how to start one', async () => {
  expect(await failure(noren('round', 'show', '--console', address))).toEqual([
    'There has been no round yet. Start one with `noren round start`.',
    3,
  ]);
  expect(await failure(noren('round', 'show', '7', '--console', address))).toEqual([
    'There has been no round 7. `noren round list` lists the last ones.',
    3,
  ]);
});
