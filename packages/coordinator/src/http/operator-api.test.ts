import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';

import { federationViewSchema, roundViewSchema } from '@noren/protocol/console';
import pino from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { readFile } from 'node:fs/promises';

import type { CoordinatorConfigInput } from '../config.ts';
import { Coordinator } from '../coordinator.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { testBackbone, testPlan, testRelease } from '../testing/lineage.ts';

const opened: Coordinator[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((coordinator) => coordinator.close()));
});

interface Served {
  readonly coordinator: Coordinator;
  readonly address: string;
  readonly token: string;
}

async function served(change: Partial<CoordinatorConfigInput> = {}): Promise<Served> {
  const home = await temporaryFolder();
  const ports = { grpcPort: 0, enrolmentPort: 0, consolePort: 0 };
  const config = { home, name: 'Test', ...ports, ...change };
  const coordinator = await Coordinator.open(config, { log: pino({ level: 'silent' }) });
  opened.push(coordinator);
  await coordinator.registerBackbone(testBackbone());
  await coordinator.adoptPlan(testPlan(), testRelease());
  const { consoleAddress } = await coordinator.start();
  const token = (await readFile(join(home, 'operator-token'), 'utf8')).trim();
  const address = consoleAddress.replace('0.0.0.0', '127.0.0.1');
  return { coordinator, address, token };
}

function post(
  { address, token }: Served,
  path: string,
  body: unknown,
  authorization = `Bearer ${token}`,
): Promise<Response> {
  const headers = { authorization, 'content-type': 'application/json' };
  return fetch(address + path, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** Status of a request with a Host header of our choice, which fetch does not allow. */
function statusFor(address: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(`${address}/api/federation`, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

test('the federation is served as the console’s schema describes it', async () => {
  const { address } = await served();
  const response = await fetch(`${address}/api/federation`);
  const view = federationViewSchema.parse(await response.json());
  expect(view).toMatchObject({ name: 'Test', release: { number: 0, round: null }, plan: { vectorLength: 17 } });
  expect(view.schedule.waiting).toBe('There is no schedule: rounds start by hand.');
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
});

test('before there is a plan the federation says so instead of failing', async () => {
  const home = await temporaryFolder();
  const ports = { grpcPort: 0, enrolmentPort: 0, consolePort: 0 };
  const coordinator = await Coordinator.open({ home, name: 'Test', ...ports }, { log: pino({ level: 'silent' }) });
  opened.push(coordinator);
  const { consoleAddress } = await coordinator.start();
  const response = await fetch(`${consoleAddress}/api/federation`);
  expect(response.status).toBe(409);
  expect(await response.json()).toMatchObject({ error: 'no-backbone' });
});

describe('writing', () => {
  test('needs the operator token', async () => {
    const site = await served();
    for (const authorization of ['', 'Bearer', 'Bearer wrong', `Basic ${site.token}`]) {
      expect((await post(site, '/api/schedule', { paused: true }, authorization)).status).toBe(401);
    }
    expect(site.coordinator.view().schedule.paused).toBe(false);
  });

  test('pauses and resumes the schedule', async () => {
    const site = await served();
    expect(await (await post(site, '/api/schedule', { paused: true })).json()).toEqual({ paused: true });
    expect(site.coordinator.view().schedule.paused).toBe(true);
    await post(site, '/api/schedule', { paused: false });
    expect(site.coordinator.view().schedule.paused).toBe(false);
  });

  test('explains a round that cannot start, and a body that means nothing', async () => {
    const site = await served();
    const refused = await post(site, '/api/rounds', {});
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({
      error: 'too-few-sites',
      message: expect.stringContaining('0 of the 3') as string,
    });
    expect((await post(site, '/api/schedule', { paused: 'yes' })).status).toBe(400);
    expect((await post(site, '/api/schedule', { paused: true, more: 'x'.repeat(20_000) })).status).toBe(413);
  });

  test('a roster may be larger than other bodies; one that is none changes nothing', async () => {
    const site = await served();
    const refused = await post(site, '/api/roster', { more: 'x'.repeat(20_000) });
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: 'invalid-roster' }]);
    expect((await post(site, '/api/roster', 'x'.repeat(5_000_000))).status).toBe(413);
    expect((await post(site, '/api/roster', {}, 'Bearer wrong')).status).toBe(401);
  });

  test('invites a site', async () => {
    const site = await served();
    const invited = await post(site, '/api/invitations', { siteId: 'akita', name: 'Akita' });
    expect(await invited.json()).toMatchObject({ siteId: 'akita', federation: 'Test' });
    expect(site.coordinator.view().sites).toMatchObject([{ id: 'akita', name: 'Akita', connected: false }]);
    expect((await post(site, '/api/invitations', { siteId: '../x', name: 'X' })).status).toBe(400);
    expect((await post(site, '/api/sites/beppu/revocation', { reason: 'sold' })).status).toBe(404);
  });

  test('revokes a site, with the reason for whoever looks later', async () => {
    const site = await served();
    await site.coordinator.invite('akita', 'Akita');
    expect(site.coordinator.view().sites).toMatchObject([{ id: 'akita', revoked: null }]);
    expect((await post(site, '/api/sites/akita/revocation', { reason: '' })).status).toBe(400);
    expect((await post(site, '/api/sites/akita/revocation', { reason: 'sold' }, 'Bearer wrong')).status).toBe(401);
    expect((await post(site, '/api/sites/akita/revocation', { reason: 'sold' })).status).toBe(200);
    expect(site.coordinator.view().sites).toMatchObject([{ id: 'akita', revoked: 'sold' }]);
  });

  test('releases only a site that is in quarantine', async () => {
    const site = await served();
    await site.coordinator.invite('akita', 'Akita');
    const refused = await post(site, '/api/sites/akita/release', { reason: 'repaired' });
    expect([refused.status, await refused.json()]).toMatchObject([409, { error: 'not-quarantined' }]);
    const unknown = await post(site, '/api/sites/beppu/release', { reason: 'repaired' });
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { error: 'unknown-site' }]);
  });
});

test('a name that is not ours is refused: DNS rebinding', async () => {
  const { address } = await served({ names: ['headquarters.example'] });
  expect(await statusFor(address, 'attacker.example:7480')).toBe(421);
  expect(await statusFor(address, 'Headquarters.example:7480')).toBe(200);
  expect(await statusFor(address, 'localhost')).toBe(200);
});

test('on an address that others reach even reading needs the token', async () => {
  const { address, token } = await served({ consoleHost: '0.0.0.0' });
  expect((await fetch(`${address}/api/federation`)).status).toBe(401);
  expect((await fetch(`${address}/metrics`)).status).toBe(401);
  expect((await fetch(`${address}/livez`)).status).toBe(200);
  const headers = { authorization: `Bearer ${token}` };
  expect((await fetch(`${address}/api/federation`, { headers })).status).toBe(200);
});

test('open pages hear of every event, with its sequence', async () => {
  const site = await served();
  const response = await fetch(`${site.address}/api/events`);
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let heard = '';
  const until = async (text: string): Promise<void> => {
    while (!heard.includes(text)) heard += (await reader?.read())?.value ?? '';
  };
  await until('retry:');
  await post(site, '/api/schedule', { paused: true });
  await until('event: changed');
  expect(heard).toMatch(/event: changed\ndata: \{\}\nid: \d+\n\n/);
  await reader?.cancel();
});

test('a round that never was is not found', async () => {
  const { address } = await served();
  expect((await fetch(`${address}/api/rounds/7`)).status).toBe(404);
  expect((await fetch(`${address}/api/rounds/../federation`)).status).toBe(200);
  expect((await fetch(`${address}/api/other`)).status).toBe(404);
  expect(roundViewSchema.safeParse({}).success).toBe(false);
});

test('metrics are Prometheus text', async () => {
  const { address } = await served();
  const text = await (await fetch(`${address}/metrics`)).text();
  expect(text).toMatch(/^# TYPE noren_rounds_total counter\nnoren_rounds_total\{outcome="accepted"\} 0$/m);
  for (const line of text.trim().split('\n')) {
    expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[a-z]+"\})? -?[0-9.e+]+)$/);
  }
});

test('health: alive and ready', async () => {
  const { address } = await served();
  expect(await (await fetch(`${address}/livez`)).text()).toBe('ok\n');
  expect((await fetch(`${address}/readyz`)).status).toBe(200);
});

test('the console’s pages come from their folder and from nowhere else', async () => {
  const folder = await temporaryFolder();
  const pages = join(folder, 'pages');
  await mkdir(join(pages, 'assets'), { recursive: true });
  await writeFile(join(pages, 'index.html'), '<!doctype html>the console');
  await writeFile(join(pages, 'assets', 'main-1a2b.js'), 'start()');
  await writeFile(join(folder, 'secret.txt'), 'secret');
  const { address } = await served({ consoleDirectory: pages });
  const page = await fetch(`${address}/rounds/12`);
  expect(await page.text()).toContain('the console');
  expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  const script = await fetch(`${address}/assets/main-1a2b.js`);
  expect(script.headers.get('content-type')).toContain('text/javascript');
  expect(script.headers.get('cache-control')).toContain('immutable');
  expect((await fetch(`${address}/assets/gone.js`)).status).toBe(404);
  for (const path of ['/%2e%2e/secret.txt', '/..%2fsecret.txt', '/assets/%2e%2e/%2e%2e/secret.txt', '/%00']) {
    expect(await (await fetch(address + path)).text()).not.toContain('secret');
  }
});

describe('surveys', () => {
  const groups = {
    'item.text': { start: 'pretrained', scope: 'frozen' },
    'sequence.norm': { start: 'pretrained', scope: 'frozen' },
  } as const;
  const survey = { version: 1, probes: [] } as const;
  const template = testPlan({ groups, survey, update: { clipNorm: 10, maximumWeight: 100 } });

  test('are started by the operator only, and only where enough sites are there', async () => {
    const server = await served();
    expect((await post(server, '/api/surveys', template, 'Bearer wrong')).status).toBe(401);
    const refused = await post(server, '/api/surveys', template);
    expect([refused.status, await refused.json()]).toEqual([409, expect.objectContaining({ error: 'too-few-sites' })]);
  });

  test.each([
    ['a plan that is no survey', testPlan(), 'asks for no survey'],
    ['groups of another backbone', { ...template, groups: { 'item.text': groups['item.text'] } }, 'sequence.norm'],
    ['what is no plan', { survey }, 'is not valid'],
  ])('refuse %s', async (_what, body, message) => {
    const response = await post(await served(), '/api/surveys', body);
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({ message: expect.stringContaining(message) }),
    ]);
  });

  test('that nobody took are not found', async () => {
    const { address } = await served();
    expect((await fetch(`${address}/api/surveys/latest`)).status).toBe(404);
    expect((await fetch(`${address}/api/surveys/1`)).status).toBe(404);
  });
});
