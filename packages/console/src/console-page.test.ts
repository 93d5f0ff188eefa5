import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { FederationView, RoundView } from '@noren/protocol/console';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';

import { startConsoleServer } from './testing/console-server.ts';
import type { ConsoleServer } from './testing/console-server.ts';
import { federationView } from './testing/federation.ts';

const executable = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const packageFolder = fileURLToPath(new URL('..', import.meta.url));

describe.skipIf(!existsSync(executable))('the console page in a browser (needs Chromium: install chromium)', () => {
  let folder: string;
  let browser: Browser;
  let server: ConsoleServer;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'noren-console-'));
    // Under a test's NODE_ENV, Vite would bundle React's development build.
    vi.stubEnv('NODE_ENV', 'production');
    await build({ root: packageFolder, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } });
    vi.unstubAllEnvs();
    browser = await chromium.launch({
      executablePath: executable,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });

  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true });
  });

  afterEach(async () => {
    await page.context().close();
    await server.close();
  });

  /** Opens the page on a view and collects everything the browser complains about, policy violations included. */
  async function open(view: FederationView, path = '/?lang=en', locale = 'en-GB'): Promise<void> {
    server = await startConsoleServer(folder, view);
    const context = await browser.newContext({
      locale,
      timezoneId: 'Asia/Tokyo',
      viewport: { width: 1440, height: 900 },
    });
    page = await context.newPage();
    complaints = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(server.address)) complaints.push(`request to ${request.url()}`);
    });
    await page.goto(server.address + path);
    await page.getByRole('heading', { level: 1, name: view.name }).waitFor();
  }

  const busy = (): FederationView => federationView({ sites: 12, rounds: 42, running: true }, Date.now());

  test('shows the running round, the sites and the past rounds, without a complaint of the browser', async () => {
    await open(busy());
    await page.getByText('Live', { exact: true }).waitFor();
    for (const name of ['Round 43', 'Sites', 'Past rounds', 'Schedule', 'Plan']) {
      await page.getByRole('region', { name, exact: true }).waitFor();
    }
    expect(await page.locator('[aria-current=step]').innerText()).toContain('Re-learning');
    expect(await page.getByRole('status').innerText()).toBe('Round 43: Re-learning');
    await page.getByText('Waiting for 6 more sites to finish re-learning').waitFor();
    await page.getByText(/^Until \d\d:\d\d:\d\d at the latest, 2m \d\ds left\.$/).waitFor();
    await page.getByText('its policy allows rounds only from 22:00 to 06:00').waitFor();

    const sites = page.getByRole('region', { name: 'Sites', exact: true });
    expect(await sites.getByRole('row').count()).toBe(13);
    const ginza = sites.getByRole('row', { name: /^Show the numbers of Ginza/ });
    expect(await ginza.getByRole('cell').allInnerTexts()).toEqual(
      expect.arrayContaining([expect.stringContaining('uploading'), expect.stringContaining('adopted')]),
    );
    await ginza.getByRole('img', { name: /^NDCG@10: scratch 0\.\d{3} \[0\.\d{3}, 0\.\d{3}\]; backbone/ }).waitFor();
    await ginza.getByRole('img', { name: /^Rounds: .*accepted/ }).waitFor();
    await sites.getByRole('row', { name: /Naha/ }).getByText('keeps backbone').waitFor();

    const rounds = page.getByRole('region', { name: 'Past rounds' });
    expect(await rounds.getByRole('row').count()).toBe(11);
    await rounds.getByRole('img', { name: /^Federated: 0\.\d{3} in round 1, 0\.\d{3} in round 42$/ }).waitFor();
    await rounds.getByRole('button', { name: 'Show all 42' }).click();
    expect(await rounds.getByRole('row').count()).toBe(43);
    await page.getByText('every 30 minutes').waitFor();
    expect(complaints).toEqual([]);
  });

  test('speaks Japanese to a Japanese browser, and changes and keeps the language on demand', async () => {
    await open(busy(), '/', 'ja-JP');
    await page.getByRole('heading', { name: 'ラウンド43' }).waitFor();
    await page.getByText('ほか4拠点の再学習が終わるのを待っています。').waitFor();
    await page.getByRole('region', { name: '拠点', exact: true }).getByText('バックボーンを維持').waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('ja');

    await page.getByText('English').click();
    await page.getByRole('heading', { name: 'Round 43' }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    expect(page.url()).toContain('lang=en');
    await page.goto(server.address);
    await page.getByRole('heading', { name: 'Round 43' }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('follows an event at once: new phase, a site gone, and the phase read out', async () => {
    const view = busy();
    await open(view);
    await page.getByText('Live', { exact: true }).waitFor();
    const sites = view.sites.map((site) =>
      site.id === 'ginza' ? { ...site, connected: false, activity: null, lastSeenAt: view.now } : site,
    );
    server.show({ ...view, sites, running: { ...(view.running as RoundView), phase: 'collecting', waitingFor: null } });
    await page
      .getByText('Waiting for the masked update of Hiroshima, Kobe Sannomiya, Kyoto Shijo and 4 others.')
      .waitFor();
    expect(await page.getByRole('status').innerText()).toBe('Round 43: Collecting');
    await page.getByRole('row', { name: /Ginza/ }).getByText('away').waitFor();
    expect(complaints).toEqual([]);
  });

  test('says that the coordinator is away, keeps the last view, and recovers by itself', async () => {
    const view = busy();
    await open(view);
    await page.getByText('Live', { exact: true }).waitFor();
    server.fail(503);
    const alert = page.getByRole('alert');
    await alert.getByText('The coordinator could not answer.').waitFor();
    await page.getByText('Reconnecting', { exact: true }).waitFor();
    await page.getByRole('row', { name: /Ginza/ }).waitFor();
    server.show({ ...view, name: 'Hanamura Retail East' });
    await page.getByRole('heading', { name: 'Hanamura Retail East' }).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await alert.waitFor({ state: 'detached' });
    expect(complaints.filter((complaint) => !complaint.includes('503'))).toEqual([]);
  });

  test('opens a site’s numbers with the keyboard, for the metric chosen, and puts both into the address', async () => {
    await open(busy());
    const toggle = page.getByRole('button', { name: 'Show the numbers of Hiroshima' });
    await toggle.focus();
    await page.keyboard.press('Enter');
    const numbers = page.getByRole('table', { name: 'Hiroshima' });
    await numbers.getByRole('rowheader', { name: /^local/ }).waitFor();
    await page.getByText('The site keeps local, the best that is not worse than scratch.').waitFor();
    expect(await numbers.getByRole('columnheader').nth(2).innerText()).toBe('NDCG@10');

    await page.getByRole('radio', { name: 'NDCG@10' }).focus();
    await page.keyboard.press('ArrowRight');
    expect(await numbers.getByRole('columnheader').nth(2).innerText()).toBe('HR@10');
    expect(page.url()).toContain('metric=hr');
    expect(page.url()).toContain('site=hiroshima');
    await page.reload();
    await numbers.getByRole('rowheader', { name: /^local/ }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('finds a site from the slash key', async () => {
    await open(busy());
    await page.getByRole('row', { name: /Ginza/ }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('gin');
    expect(await page.getByRole('region', { name: 'Sites', exact: true }).getByRole('row').count()).toBe(2);
    await page.keyboard.press('Escape');
    expect(await page.getByRole('region', { name: 'Sites', exact: true }).getByRole('row').count()).toBe(13);
    expect(complaints).toEqual([]);
  });

  const spoilt = (sites = 12, groups = 3): FederationView =>
    federationView({ sites, rounds: 12, running: false, division: { groups, spoiler: 'kobe-sannomiya' } }, Date.now());

  test('names the site in quarantine above the list, and leads to why and to the commands that end it', async () => {
    await open(spoilt());
    const sites = page.getByRole('region', { name: 'Sites', exact: true });
    await sites.getByText('1 site in quarantine').waitFor();
    await page.getByRole('searchbox', { name: 'Find a site' }).fill('ginza');
    await sites.getByRole('button', { name: 'Kobe Sannomiya', exact: true }).click();
    const toggle = page.getByRole('button', { name: 'Hide the numbers of Kobe Sannomiya' });
    expect(await toggle.evaluate((element) => element === document.activeElement)).toBe(true);
    await sites
      .getByRole('row', { name: /Kobe Sannomiya/ })
      .getByText('in quarantine')
      .first()
      .waitFor();
    await sites.getByText(/^In \d+ of 10 rounds the group this site was in stood out/).waitFor();
    const line = 'noren site release kobe-sannomiya --home <home> --reason "<what you found>"';
    await sites.getByText(line, { exact: true }).waitFor();
    await sites.getByText(line.replace('release', 'revoke'), { exact: true }).waitFor();
    await sites.getByRole('button', { name: `Copy: ${line}` }).waitFor();
    expect(page.url()).toContain('site=kobe-sannomiya');
    expect(complaints).toEqual([]);
  });

  test('asks nothing about a site that was revoked, and names the console where it is not at its usual address', async () => {
    const view = spoilt();
    const revoked = view.sites.map((site) => (site.id === 'kobe-sannomiya' ? { ...site, revoked: 'sold' } : site));
    await open({ ...view, consoleAddress: 'http://127.0.0.1:9000' }, '/?lang=ja&site=kobe-sannomiya');
    await page.getByText('隔離中の拠点：1').waitFor();
    await page
      .getByText('--home <home> --console http://127.0.0.1:9000 --reason "<調べて分かったこと>"')
      .first()
      .waitFor();
    server.show({ ...view, sites: revoked });
    await page
      .getByRole('row', { name: /Kobe Sannomiya/ })
      .getByText('失効')
      .waitFor();
    expect(await page.getByText('隔離中').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('opens a past round’s groups: which are out of the result and why, and which stand out', async () => {
    const view = spoilt();
    const out = view.rounds.find(({ groups }) => groups.some(({ fault }) => fault !== null)) as RoundView;
    await open(view);
    const rounds = page.getByRole('region', { name: 'Past rounds' });
    const row = rounds
      .getByRole('row')
      .filter({ has: page.getByText('2 of 3 groups') })
      .first();
    await row.getByRole('button', { name: `Show the groups of round ${out.number}` }).press('Enter');
    const groups = rounds.getByRole('group', { name: 'Groups of this round' });
    await groups.getByText('3 groups, 2 in the result').waitFor();
    expect(await groups.getByRole('row').count()).toBe(4);
    const spoiltGroup = groups.getByRole('row', { name: /Kobe Sannomiya/ });
    await spoiltGroup.getByText('out of the result').waitFor();
    await spoiltGroup.getByText('stands out').waitFor();
    await spoiltGroup.getByText('it points against the other groups').waitFor();
    await rounds.getByText('1 stands out').first().waitFor();
    expect(complaints).toEqual([]);
  });

  test('keeps a hundred groups short, until all are asked for', async () => {
    const view = federationView(
      { sites: 400, rounds: 2, running: false, division: { groups: 100, spoiler: null } },
      Date.now(),
    );
    await open(view);
    const groups = page.getByRole('region', { name: 'Round 2' }).getByRole('group', { name: 'Groups of this round' });
    await groups.getByRole('img', { name: '98 in the result and 2 out of the result' }).waitFor();
    expect(await groups.getByRole('row').count()).toBe(3);
    await groups.getByRole('button', { name: 'Show all 100 groups' }).click();
    expect(await groups.getByRole('row').count()).toBe(101);
    expect(await groups.getByText('stands out').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('teaches the first command to an empty federation', async () => {
    await open(federationView({ sites: 0, rounds: 0, running: false }, Date.now()));
    await page.getByText('No site has joined yet').waitFor();
    await page.getByText('noren site invite <id>').waitFor();
    await page.getByRole('heading', { name: 'The first round' }).waitFor();
    await page.getByText(/^No round is running\. The next starts in 18m \d+s\.$/).waitFor();
    expect(complaints).toEqual([]);
  });
});
