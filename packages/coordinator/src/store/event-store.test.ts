import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { parseHash, parseRoundId, parseSiteId } from '@noren/protocol';
import { Client } from 'pg';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Coordinator } from '../coordinator.ts';
import type { EventBody } from '../federation/federation-event.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { postgresPrograms, startPostgres } from '../testing/postgres-server.ts';
import type { TestPostgres } from '../testing/postgres-server.ts';
import type { EventStore } from './event-store.ts';
import { openPostgresEventStore } from './postgres-event-store.ts';
import { openSqliteEventStore } from './sqlite-event-store.ts';

const hash = parseHash('cd'.repeat(32));
const created: EventBody = { kind: 'federation-created', id: '00ff', name: '暖簾 \' "; drop' };
const paused: EventBody = { kind: 'schedule-paused' };
function planned(number: number): EventBody {
  const roundId = parseRoundId(`${number}-00000000`);
  return { kind: 'round-planned', roundId, number, plan: hash, planHash: hash };
}

/** What every store promises, whichever database keeps it. `place` names a new, empty log. */
function storeContract(place: () => Promise<string>, open: (at: string) => Promise<EventStore>): void {
  test('gives events back as they were, in order, after it was closed and opened', async () => {
    const at = await place();
    const store = await open(at);
    const time = 1_764_000_000_123;
    expect(await store.append([created, paused], time)).toEqual([
      { sequence: 1, at: time, body: created },
      { sequence: 2, at: time, body: paused },
    ]);
    await store.close();
    const again = await open(at);
    expect(await again.append([planned(1)], time + 1)).toMatchObject([{ sequence: 3 }]);
    expect(await again.read(0, 10)).toEqual([
      { sequence: 1, at: time, body: created },
      { sequence: 2, at: time, body: paused },
      { sequence: 3, at: time + 1, body: planned(1) },
    ]);
    expect(await again.read(1, 1)).toMatchObject([{ sequence: 2 }]);
    await again.close();
  });

  test('finds the events of one round', async () => {
    const store = await open(await place());
    const site = parseSiteId('akita');
    const refused: EventBody = { kind: 'round-refused', roundId: parseRoundId('2-00000000'), site, reason: 'night' };
    await store.append([created, planned(1), planned(2), refused, planned(21)], 5);
    const found = await store.readRound(2);
    expect(found.map(({ body }) => body)).toEqual([planned(2), refused]);
    await store.close();
  });

  test('writes all events of a call or none', async () => {
    const store = await open(await place());
    await store.append([created], 1);
    const unwritable = { ...paused, kind: null } as unknown as EventBody;
    await expect(store.append([paused, unwritable], 2)).rejects.toMatchObject({ code: 'store-failed' });
    expect(await store.read(0, 10)).toHaveLength(1);
    expect(await store.append([paused], 3)).toMatchObject([{ sequence: 2 }]);
    await store.close();
  });

  test('is open in one place only, and free again afterwards', async () => {
    const at = await place();
    const store = await open(at);
    const refusal = { code: 'home-in-use', message: expect.stringContaining('stop it first') as string };
    await expect(open(at)).rejects.toMatchObject(refusal);
    await store.append([created], 1);
    await store.close();
    await (await open(at)).close();
  });

  test('refuses a log of a newer version with the reason', async () => {
    const store = await open(await place());
    await store.append([{ kind: 'site-promoted' } as unknown as EventBody], 1);
    await expect(store.read(0, 10)).rejects.toMatchObject({
      code: 'store-failed',
      message: expect.stringMatching(/Event 1 .* "site-promoted", which this version does not know/) as string,
    });
    await store.close();
  });
}

describe('the log in SQLite', () => {
  storeContract(async () => join(await temporaryFolder(), 'state.sqlite'), openSqliteEventStore);

  test('says which file cannot be opened', async () => {
    const file = join(await temporaryFolder(), 'missing', 'state.sqlite');
    await expect(openSqliteEventStore(file)).rejects.toMatchObject({
      code: 'store-failed',
      message: expect.stringContaining(file) as string,
    });
  });
});

const programs = postgresPrograms();
const missing = programs === null ? ' (needs PostgreSQL: apt install postgresql)' : '';

describe.skipIf(programs === null)(`the log in PostgreSQL${missing}`, () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres(programs ?? '');
  });
  afterAll(async () => {
    await server?.stop();
  });

  storeContract(() => server.database(), openPostgresEventStore);

  /** Breaks the connection that holds the lock, as a restart of the server or a failing network would. */
  async function breakLock(url: string): Promise<void> {
    const administrator = new Client({ connectionString: url });
    await administrator.connect();
    await administrator.query(
      "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()",
    );
    await administrator.end();
  }

  test('stops writing when the connection with the lock is lost', async () => {
    const url = await server.database();
    const store = await openPostgresEventStore(url);
    await store.append([created], 1);
    await breakLock(url);
    await expect
      .poll(() =>
        store.append([paused], 2).then(
          () => 'written',
          (error: Error) => error.message,
        ),
      )
      .toMatch(/lock on the PostgreSQL database was lost/);
    await store.close();
  });

  test('stops the whole coordinator when it can no longer be written', async () => {
    const [home, url] = [await temporaryFolder(), await server.database()];
    const urlFile = join(home, 'postgres-url');
    await writeFile(urlFile, url, { mode: 0o600 });
    const config = { home, name: 'Test', grpcPort: 0, enrolmentPort: 0, consolePort: 0, postgres: { urlFile } };
    const coordinator = await Coordinator.open(config, { log: pino({ level: 'silent' }) });
    const { consoleAddress } = await coordinator.start();
    await expect(Coordinator.open(config, { log: pino({ level: 'silent' }) })).rejects.toMatchObject({
      code: 'home-in-use',
    });
    await breakLock(url);
    await expect
      .poll(() =>
        coordinator.pause().then(
          () => 'written',
          () => 'refused',
        ),
      )
      .toBe('refused');
    expect((await coordinator.failed).code).toBe('store-failed');
    await expect(fetch(`${consoleAddress}/livez`)).rejects.toThrow();
  });

  test('does not show the password of a URL that fails', async () => {
    const url = 'postgres://noren:topsecret@127.0.0.1:1/none';
    const failure = await openPostgresEventStore(url).then(
      () => 'opened',
      (error: Error) => error.message,
    );
    expect(failure).toContain('Could not open the PostgreSQL database');
    expect(failure).not.toContain('topsecret');
  });
});
