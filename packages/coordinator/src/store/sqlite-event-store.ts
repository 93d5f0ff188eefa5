import { SqliteDialect } from 'kysely';
import Database from 'libsql';

import { CoordinatorError } from '../coordinator-error.ts';
import type { EventStore } from './event-store.ts';
import { SqlEventStore } from './sql-event-store.ts';

/**
 * The log in one SQLite file (`:memory:` for none). WAL with synchronous = FULL: every commit is on disk.
 * The exclusive locking mode holds the operating system's file lock, which even a killed process gives back.
 */
export async function openSqliteEventStore(file: string): Promise<EventStore> {
  let database: Database.Database;
  try {
    database = new Database(file, { timeout: 0 });
    database.exec('pragma locking_mode = exclusive');
    database.exec('pragma journal_mode = wal');
    database.exec('pragma synchronous = full');
  } catch (cause) {
    throw openFailure(file, cause);
  }
  const dialect = new SqliteDialect({
    database: { prepare: (sql) => database.prepare(sql), close: () => closeDatabase(database) },
  });
  return SqlEventStore.open(dialect, () => Promise.resolve());
}

/**
 * Statements that were not collected yet keep a closed libsql connection, and with it the lock, alive. So the lock is
 * given back by name: WAL must end first (sqlite.org/pragma.html, locking_mode), and the next read lets go.
 */
function closeDatabase(database: Database.Database): void {
  database.exec('pragma journal_mode = delete');
  database.exec('pragma locking_mode = normal');
  database.exec('select count(*) from sqlite_master');
  database.close();
}

function openFailure(file: string, cause: unknown): CoordinatorError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'SQLITE_BUSY') {
    const message = `Another coordinator runs on ${file}: stop it first, or choose another home.`;
    return new CoordinatorError('home-in-use', message, { cause });
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CoordinatorError('store-failed', `Could not open ${file}: ${why}`, { cause });
}
