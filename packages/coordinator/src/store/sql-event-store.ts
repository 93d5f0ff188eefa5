import { Kysely, sql } from 'kysely';
import type { Dialect } from 'kysely';

import { CoordinatorError } from '../coordinator-error.ts';
import { roundOf } from '../federation/federation-event.ts';
import type { EventBody, EventKind, FederationEvent } from '../federation/federation-event.ts';
import { roundNumberOf } from '../federation/round-id.ts';
import type { EventStore } from './event-store.ts';

interface Tables {
  noren_event: {
    sequence: number;
    /** Milliseconds since the epoch; PostgreSQL's driver gives bigint as text. */
    at: number | string;
    kind: string;
    /** Number of the round the event belongs to. */
    round: number | null;
    /** JSON. */
    body: string;
  };
}

/** The one store, on whichever database the dialect speaks. */
export class SqlEventStore implements EventStore {
  readonly #database: Kysely<Tables>;
  readonly #release: () => Promise<void>;
  #last = 0;

  private constructor(database: Kysely<Tables>, release: () => Promise<void>) {
    this.#database = database;
    this.#release = release;
  }

  /**
   * Creates the table when it is missing. The caller holds the lock; `release` gives it back after `close`.
   * The primary key fences a second writer even where a lock was lost: both would write the same next sequence.
   */
  static async open(dialect: Dialect, release: () => Promise<void>): Promise<SqlEventStore> {
    const store = new SqlEventStore(new Kysely<Tables>({ dialect }), release);
    try {
      await store.#prepare();
      return store;
    } catch (cause) {
      await store.close();
      throw failure('open the event log', cause);
    }
  }

  async append(bodies: readonly EventBody[], at: number): Promise<readonly FederationEvent[]> {
    if (bodies.length === 0) return [];
    const events = bodies.map((body, index): FederationEvent => ({ sequence: this.#last + 1 + index, at, body }));
    const rows = events.map(({ sequence, body }) => {
      const roundId = roundOf(body);
      const round = roundId === null ? null : roundNumberOf(roundId);
      return { sequence, at, kind: body.kind, round, body: JSON.stringify(body) };
    });
    try {
      await this.#database.transaction().execute(async (transaction) => {
        for (const row of rows) await transaction.insertInto('noren_event').values(row).execute();
      });
    } catch (cause) {
      throw failure('write to the event log', cause);
    }
    this.#last += events.length;
    return events;
  }

  async read(after: number, limit: number): Promise<readonly FederationEvent[]> {
    const query = this.#database.selectFrom('noren_event').selectAll().where('sequence', '>', after);
    return this.#events(query.orderBy('sequence').limit(limit));
  }

  async readRound(number: number): Promise<readonly FederationEvent[]> {
    const query = this.#database.selectFrom('noren_event').selectAll().where('round', '=', number);
    return this.#events(query.orderBy('sequence'));
  }

  async close(): Promise<void> {
    await this.#database.destroy();
    await this.#release();
  }

  async #prepare(): Promise<void> {
    await sql`
      create table if not exists noren_event (
        sequence integer primary key,
        at bigint not null,
        kind varchar(64) not null,
        round integer,
        body text not null
      )`.execute(this.#database);
    await sql`create index if not exists noren_event_round on noren_event (round)`.execute(this.#database);
    const newest = this.#database.selectFrom('noren_event').select((row) => row.fn.max('sequence').as('last'));
    this.#last = (await newest.executeTakeFirst())?.last ?? 0;
  }

  async #events(query: { execute(): Promise<Tables['noren_event'][]> }): Promise<FederationEvent[]> {
    let rows: Tables['noren_event'][];
    try {
      rows = await query.execute();
    } catch (cause) {
      throw failure('read the event log', cause);
    }
    return rows.map((row) => ({ sequence: row.sequence, at: Number(row.at), body: readBody(row) }));
  }
}

/** Only this class writes the table, so a body is what it says; what can differ is the version that wrote it. */
const KINDS: Readonly<Record<EventKind, true>> = {
  'federation-created': true,
  'backbone-registered': true,
  'plan-adopted': true,
  'release-made': true,
  'site-invited': true,
  'site-enrolled': true,
  'site-renewed': true,
  'site-revoked': true,
  'site-quarantined': true,
  'site-released': true,
  'roster-installed': true,
  'schedule-paused': true,
  'schedule-resumed': true,
  'round-planned': true,
  'round-advanced': true,
  'round-resumed': true,
  'round-refused': true,
  'round-dropped': true,
  'round-aggregated': true,
  'round-surveyed': true,
  'round-candidate': true,
  'round-reported': true,
  'round-closed': true,
};

function readBody({ sequence, kind, body }: Tables['noren_event']): EventBody {
  if (Object.hasOwn(KINDS, kind)) return JSON.parse(body) as EventBody;
  const message = `Event ${sequence} is of the kind "${kind}", which this version does not know: use the newer one that wrote it.`;
  throw new CoordinatorError('store-failed', message);
}

/** SQLite's and PostgreSQL's codes for a primary key that exists, and SQLite's for a locked file. */
const CONFLICTS: ReadonlySet<unknown> = new Set(['SQLITE_CONSTRAINT_PRIMARYKEY', 'SQLITE_CONSTRAINT', '23505']);

function failure(what: string, cause: unknown): CoordinatorError {
  if (cause instanceof CoordinatorError) return cause;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'SQLITE_BUSY') {
    const message = 'Another coordinator runs on this home: stop it first, or choose another home.';
    return new CoordinatorError('home-in-use', message, { cause });
  }
  if (CONFLICTS.has(code)) {
    const message = `Could not ${what}: another coordinator has written to it. This one must stop.`;
    return new CoordinatorError('store-conflict', message, { cause });
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CoordinatorError('store-failed', `Could not ${what}: ${why}`, { cause });
}
