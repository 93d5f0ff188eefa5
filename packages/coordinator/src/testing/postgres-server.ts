import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Client } from 'pg';

/** Where Debian puts PostgreSQL's programs, the newest version last. */
const DEBIAN = '/usr/lib/postgresql';

/** The folder with initdb and postgres, or null when they are not installed. */
export function postgresPrograms(): string | null {
  if (!existsSync(DEBIAN)) return null;
  const folders = readdirSync(DEBIAN).map((version) => join(DEBIAN, version, 'bin'));
  return folders.findLast((folder) => existsSync(join(folder, 'initdb'))) ?? null;
}

export interface TestPostgres {
  /** URL of a new, empty database. */
  database(): Promise<string>;
  stop(): Promise<void>;
}

/** A PostgreSQL server of our own on a free port; under root as the user postgres, which it insists on. */
export async function startPostgres(programs: string): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'noren-postgres-'));
  const data = join(folder, 'data');
  await mkdir(data, { mode: 0o700 });
  const user = await givenTo([folder, data]);
  execFileSync(join(programs, 'initdb'), ['-D', data, '-U', 'noren', '-A', 'trust', '-E', 'UTF8'], {
    ...user,
    stdio: 'ignore',
  });
  const port = await freePort();
  const options = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder];
  const server = spawn(join(programs, 'postgres'), options, { ...user, stdio: 'ignore' });
  const url = (database: string): string => `postgres://noren@127.0.0.1:${port}/${database}`;
  await ready(url('postgres'));
  let databases = 0;
  return {
    database: async () => {
      const name = `noren_${++databases}`;
      await withClient(url('postgres'), (client) => client.query(`create database ${name}`));
      return url(name);
    },
    stop: async () => {
      const exited = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGINT');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root; the package's own user takes over then. */
async function givenTo(folders: readonly string[]): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = ['-u', '-g'].map((option) =>
    Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' })),
  );
  if (uid === undefined || gid === undefined) return {};
  for (const folder of folders) {
    await chown(folder, uid, gid);
    await chmod(folder, 0o700);
  }
  return { uid, gid };
}

async function ready(url: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await withClient(url, (client) => client.query('select 1'));
      return;
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(100);
    }
  }
}

async function withClient(url: string, use: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
