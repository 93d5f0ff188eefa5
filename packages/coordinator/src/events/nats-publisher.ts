import { readFile } from 'node:fs/promises';

import { connect, credsAuthenticator, JSONCodec, NatsError, RetentionPolicy } from 'nats';
import type { JetStreamClient, JetStreamManager, NatsConnection } from 'nats';
import type { Logger } from 'pino';

import type { FederationEvent } from '../federation/federation-event.ts';
import type { Journal } from '../store/journal.ts';

export const STREAM = 'NOREN_EVENTS';
/** Events read from the log at once. */
const PAGE = 200;
/** Pause after a failure, milliseconds; doubles up to the longest. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;

export interface NatsSettings {
  readonly url: string;
  readonly credentialsFile: string | null;
}

/** What a message carries: an event of the log, and whose it is. */
export interface PublishedEvent extends FederationEvent {
  readonly federation: string;
}

/**
 * Publishes every event of the log, after its commit and in order, to the JetStream stream NOREN_EVENTS, subject
 * `noren.<federation id>.<event kind>`. The log is the truth: whatever NATS loses or misses is sent again from there.
 * The last message in the stream says where to go on after a restart; the message id (federation id and sequence) lets
 * JetStream drop what it has within its duplicate window.
 */
export class NatsPublisher {
  readonly #journal: Journal;
  readonly #settings: NatsSettings;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  #wake: () => void = () => undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(journal: Journal, settings: NatsSettings, log: Logger) {
    this.#journal = journal;
    this.#settings = settings;
    this.#log = log;
  }

  start(): void {
    const unsubscribe = this.#journal.subscribe(() => this.#wake());
    this.#stopping.signal.addEventListener('abort', () => {
      unsubscribe();
      this.#wake();
    });
    this.#done = this.#run();
  }

  /** Leaves what is not yet published to the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    let pause = FIRST_PAUSE;
    while (!this.#stopping.signal.aborted) {
      let connection: NatsConnection | null = null;
      try {
        connection = await this.#connect();
        pause = FIRST_PAUSE;
        await this.#publishAll(connection);
      } catch (error) {
        this.#log.warn({ err: error }, 'events cannot be published to NATS; they stay in the log and go out later');
      } finally {
        await connection?.close().catch(() => undefined);
      }
      await this.#sleep(pause);
      pause = Math.min(LONGEST_PAUSE, pause * 2);
    }
  }

  async #connect(): Promise<NatsConnection> {
    const { url, credentialsFile } = this.#settings;
    const authenticator =
      credentialsFile === null ? {} : { authenticator: credsAuthenticator(await readFile(credentialsFile)) };
    return connect({ servers: url, name: 'noren coordinator', reconnect: false, ...authenticator });
  }

  /** Returns when the publisher stops; throws when the connection or the stream fails. */
  async #publishAll(connection: NatsConnection): Promise<void> {
    const { signal } = this.#stopping;
    const manager = await connection.jetstreamManager();
    await ensureStream(manager);
    const federation = this.#journal.state.id;
    let last = await lastPublished(manager, federation);
    const stream = connection.jetstream();
    const closed = connection.closed().then((error) => {
      this.#wake();
      return error ?? new Error('the connection to NATS was closed');
    });
    for (;;) {
      // Before reading, so that an event appended meanwhile wakes the wait that follows.
      const changed = new Promise<void>((resolve) => (this.#wake = resolve));
      const events = await this.#journal.read(last, PAGE);
      for (const event of events) {
        if (signal.aborted) return;
        await publish(stream, federation, event);
        last = event.sequence;
      }
      if (events.length === PAGE) continue;
      if (signal.aborted) return;
      await changed;
      if (signal.aborted) return;
      if (connection.isClosed()) throw await closed;
    }
  }

  async #sleep(milliseconds: number): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
    });
  }
}

const codec = JSONCodec<PublishedEvent>();

async function publish(stream: JetStreamClient, federation: string, event: FederationEvent): Promise<void> {
  const subject = `noren.${federation}.${event.body.kind}`;
  await stream.publish(subject, codec.encode({ federation, ...event }), { msgID: `${federation}:${event.sequence}` });
}

/** An operator who has made the stream with other limits keeps them. */
async function ensureStream(manager: JetStreamManager): Promise<void> {
  try {
    await manager.streams.info(STREAM);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await manager.streams.add({ name: STREAM, subjects: ['noren.>'], retention: RetentionPolicy.Limits });
  }
}

/** Sequence of the newest event of this federation in the stream, 0 for none. */
async function lastPublished(manager: JetStreamManager, federation: string): Promise<number> {
  try {
    const message = await manager.streams.getMessage(STREAM, { last_by_subj: `noren.${federation}.>` });
    return message.json<PublishedEvent>().sequence;
  } catch (error) {
    if (isNotFound(error)) return 0;
    throw error;
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof NatsError && error.api_error?.code === 404;
}
