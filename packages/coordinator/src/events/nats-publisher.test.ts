import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { connect, JSONCodec } from 'nats';
import pino from 'pino';
import { afterEach, describe, expect, test } from 'vitest';

import { Journal } from '../store/journal.ts';
import { openSqliteEventStore } from '../store/sqlite-event-store.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { freePort } from '../testing/postgres-server.ts';
import { NatsPublisher, STREAM } from './nats-publisher.ts';
import type { PublishedEvent } from './nats-publisher.ts';

const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
const program = folders.map((folder) => join(folder, 'nats-server')).find((file) => existsSync(file));
const missing = program === undefined ? ' (needs nats-server: apt install nats-server)' : '';
const log = pino({ level: 'silent' });

const stopping: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stopping.splice(0).reverse()) await stop();
});

async function startServer(
  store: string,
  port: number,
): Promise<{ stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> }> {
  const options = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', store];
  const server = spawn(program ?? '', options, { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const stop = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    server.kill(signal);
    await exited;
  };
  stopping.push(() => stop('SIGKILL'));
  return { stop };
}

async function publishedOn(port: number): Promise<PublishedEvent[]> {
  try {
    const connection = await connect({ servers: `127.0.0.1:${port}`, reconnect: false });
    const streams = (await connection.jetstreamManager()).streams;
    const { state } = await streams.info(STREAM);
    const events: PublishedEvent[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const { data } = await streams.getMessage(STREAM, { seq });
      events.push(JSONCodec<PublishedEvent>().decode(data));
    }
    await connection.close();
    return events;
  } catch {
    return [];
  }
}

function publisher(journal: Journal, port: number): NatsPublisher {
  const started = new NatsPublisher(journal, { url: `127.0.0.1:${port}`, credentialsFile: null }, log);
  started.start();
  stopping.push(() => started.stop());
  return started;
}

describe.skipIf(program === undefined)(`events on NATS JetStream${missing}`, () => {
  test('every event once, in order, through restarts of publisher and server', async () => {
    const [store, port] = [await temporaryFolder(), await freePort()];
    const journal = await Journal.open(await openSqliteEventStore(':memory:'), () => 5);
    const sequences = async (): Promise<number[]> => (await publishedOn(port)).map(({ sequence }) => sequence);
    await journal.append({ kind: 'federation-created', id: '00ff', name: 'Test' });

    // The publisher is there before the server: nothing is lost, nobody waits for it.
    const first = publisher(journal, port);
    await journal.append({ kind: 'schedule-paused' });
    const server = await startServer(store, port);
    await expect.poll(sequences, { timeout: 20_000 }).toEqual([1, 2]);
    expect((await publishedOn(port))[0]).toEqual({
      federation: '00ff',
      sequence: 1,
      at: 5,
      body: { kind: 'federation-created', id: '00ff', name: 'Test' },
    });

    await journal.append({ kind: 'schedule-resumed' });
    await expect.poll(sequences, { timeout: 10_000 }).toEqual([1, 2, 3]);
    await first.stop();
    await journal.append({ kind: 'schedule-paused' }, { kind: 'schedule-resumed' });

    publisher(journal, port);
    await expect.poll(sequences, { timeout: 10_000 }).toEqual([1, 2, 3, 4, 5]);
    await server.stop('SIGTERM');
    await journal.append({ kind: 'schedule-paused' });
    await startServer(store, port);
    await expect.poll(sequences, { timeout: 20_000 }).toEqual([1, 2, 3, 4, 5, 6]);
  }, 60_000);
});
