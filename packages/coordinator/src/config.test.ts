import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import pino from 'pino';
import { describe, expect, test } from 'vitest';

import { parseCoordinatorConfig, readCoordinatorConfig } from './config.ts';
import { Coordinator } from './coordinator.ts';
import { readPostgresUrl } from './home.ts';
import { temporaryFolder } from './testing/folders.ts';

const log = pino({ level: 'silent' });

describe('the configuration', () => {
  test('needs a home and a name; the rest has defaults', () => {
    expect(parseCoordinatorConfig({ home: '/srv/noren', name: 'Group' })).toEqual({
      home: '/srv/noren',
      name: 'Group',
      host: '127.0.0.1',
      grpcPort: 7443,
      enrolmentPort: 7444,
      consoleHost: '127.0.0.1',
      consolePort: 7480,
      names: [],
      schedule: null,
      nats: null,
      postgres: null,
      consoleDirectory: null,
    });
  });

  const base = { home: '/srv/noren', name: 'Group' };
  test.each([
    [{ ...base, grpcport: 1 }, /grpcport/],
    [{ ...base, grpcPort: 70_000 }, /"grpcPort"/],
    [{ ...base, schedule: { expression: 'nightly', timeZone: 'UTC' } }, /"schedule"/],
    [{ ...base, schedule: { expression: '0 0 2 * * *', timeZone: 'Mars/Base' } }, /"schedule"/],
    [{ ...base, host: '0.0.0.0' }, /"names" is not valid: must say how sites reach/],
    [{ ...base, postgres: { url: 'postgres://u:p@h/d' } }, /"postgres"/],
    [{ ...base, name: '' }, /"name"/],
  ])('refuses %j', (config, reason) => {
    expect(() => parseCoordinatorConfig(config)).toThrow(reason);
  });

  test('the PostgreSQL URL comes from a file or the environment', async () => {
    const file = join(await temporaryFolder(), 'url');
    await writeFile(file, 'postgres://one\n');
    expect(await readPostgresUrl({ urlFile: file })).toBe('postgres://one');
    await expect(readPostgresUrl({ urlFile: `${file}-none` })).rejects.toThrow(/cannot be read/);
    await expect(readPostgresUrl({ urlVariable: 'NOREN_TEST_UNSET' })).rejects.toThrow(/NOREN_TEST_UNSET/);
  });
});

describe('a home', () => {
  async function opened(home: string): Promise<void> {
    const coordinator = await Coordinator.open({ home, name: 'Group', names: ['hq.example'] }, { log });
    await coordinator.close();
  }

  test('is made private on the first start and the same on the next', async () => {
    const home = join(await temporaryFolder(), 'deep', 'home');
    await opened(home);
    expect((await stat(home)).mode & 0o777).toBe(0o700);
    const files = ['coordinator.json', 'operator-token', 'authority/certificate.pem', 'authority/key.pem'];
    files.push('identity/plan-key.pem', 'identity/server-certificate.pem', 'identity/server-key.pem');
    const read = (): Promise<string[]> => Promise.all(files.map((file) => readFile(join(home, file), 'utf8')));
    const before = await read();
    for (const file of files) expect((await stat(join(home, file))).mode & 0o777).toBe(0o600);
    await opened(home);
    expect(await read()).toEqual(before);
    expect(await readCoordinatorConfig(home)).toMatchObject({ home, name: 'Group', names: ['hq.example'] });
  });

  test('leaves a configuration in the operator’s own spelling alone, and takes a new one over', async () => {
    const home = await temporaryFolder();
    const file = join(home, 'coordinator.json');
    const own = '{"names":["hq.example"], "name":"Group"}';
    await writeFile(file, own);
    await opened(home);
    expect(await readFile(file, 'utf8')).toBe(own);
    await writeFile(file, '{"name":"Group"}');
    await opened(home);
    expect(await readCoordinatorConfig(home)).toMatchObject({ names: ['hq.example'] });
  });

  test('without its authority’s key does not quietly make another authority', async () => {
    const home = await temporaryFolder();
    await opened(home);
    await rm(join(home, 'authority', 'key.pem'));
    await expect(opened(home)).rejects.toMatchObject({ code: 'home-invalid' });
  });

  test('whose configuration cannot be read says which file', async () => {
    const home = await temporaryFolder();
    await expect(readCoordinatorConfig(home)).rejects.toThrow(join(home, 'coordinator.json'));
    await mkdir(join(home, 'coordinator.json'));
    await expect(readCoordinatorConfig(home)).rejects.toMatchObject({ code: 'config-invalid' });
  });
});
