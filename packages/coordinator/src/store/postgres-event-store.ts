import { PostgresDialect } from 'kysely';
import { Client, Pool } from 'pg';

import { CoordinatorError } from '../coordinator-error.ts';
import type { EventStore } from './event-store.ts';
import { SqlEventStore } from './sql-event-store.ts';

/** First half of the advisory lock's name ("nore" in ASCII); the second is the schema, so schemas do not collide. */
const LOCK_SPACE = 0x6e6f7265;

/** Commits wait for the disk whatever the server's default is; a partitioned lock holder is noticed within 25 s. */
const SESSION_OPTIONS =
  '-c synchronous_commit=on -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3';

/**
 * The log in PostgreSQL, in the first schema of the connection's search path. A session advisory lock on a connection of
 * its own keeps a second coordinator out; if that connection breaks, every later append fails and the process must stop.
 */
export async function openPostgresEventStore(url: string): Promise<EventStore> {
  const settings = { connectionString: url, connectionTimeoutMillis: 10_000, options: SESSION_OPTIONS };
  const lock = new Client(settings);
  let lost: Error | null = null;
  lock.on('error', (error) => (lost = error));
  try {
    await lock.connect();
    const query = 'select pg_try_advisory_lock($1, hashtext(current_schema())) as taken';
    const { rows } = await lock.query<{ taken: boolean }>(query, [LOCK_SPACE]);
    if (rows[0]?.taken !== true) {
      const message = 'Another coordinator runs on this database: stop it first, or choose another database or schema.';
      throw new CoordinatorError('home-in-use', message);
    }
  } catch (cause) {
    await lock.end().catch(() => undefined);
    if (cause instanceof CoordinatorError) throw cause;
    // The URL may hold a password: the message names only what the driver says.
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CoordinatorError('store-failed', `Could not open the PostgreSQL database: ${why}`, { cause });
  }
  const pool = new Pool({ ...settings, max: 2, statement_timeout: 30_000 });
  // A broken idle connection is replaced on next use; without a listener it would end the process.
  pool.on('error', () => undefined);
  const log = await SqlEventStore.open(new PostgresDialect({ pool }), () => lock.end());
  return {
    append: (bodies, at) => {
      if (lost === null) return log.append(bodies, at);
      const message = `The lock on the PostgreSQL database was lost (${lost.message}): this coordinator must stop.`;
      return Promise.reject(new CoordinatorError('store-failed', message, { cause: lost }));
    },
    read: (after, limit) => log.read(after, limit),
    readRound: (number) => log.readRound(number),
    close: () => log.close(),
  };
}
