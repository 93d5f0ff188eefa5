import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { Server } from '@grpc/grpc-js';
import type { ServerCredentials } from '@grpc/grpc-js';

import { ProtocolError } from '../protocol-error.ts';
import { FLOW_WINDOW_BYTES, serverSettings } from './channel-settings.ts';
import { raiseServerWindow } from './server-window.ts';

/** A server that is listening. `close` ends it gracefully, then by force, and may be called again. */
export interface ListeningServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Milliseconds open calls get to end by themselves when a server closes. */
const graceMs = 2000;

/** Binds a server with the given services; `port` 0 takes a free one. */
export async function listen(o: {
  readonly host: string;
  readonly port: number;
  readonly credentials: ServerCredentials;
  addServices(server: Server): void;
}): Promise<ListeningServer> {
  await checkPort(o.host, o.port);
  const server = new Server(serverSettings);
  o.addServices(server);
  const bound = raiseServerWindow(server, FLOW_WINDOW_BYTES);
  const port = await bind(server, o.host, o.port, o.credentials);
  bound();
  let closing: Promise<void> | undefined;
  return { port, close: () => (closing ??= shutDown(server)) };
}

/** grpc-js reports every failure to bind with one sentence and prints to stderr; a plain socket says which it was. */
async function checkPort(host: string, port: number): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(host, port, error)));
    probe.listen(port, host, () => probe.close(() => resolve()));
  });
}

function cannotListen(host: string, port: number, cause: NodeJS.ErrnoException): ProtocolError {
  if (cause.code === 'EADDRINUSE') {
    const message = `Port ${port} on ${host} is in use. Stop the program that uses it, or choose another with --port.`;
    return new ProtocolError('port-in-use', message, { cause });
  }
  const why: Partial<Record<string, string>> = {
    EACCES: 'this user may not use ports below 1024: choose another with --port',
    EADDRNOTAVAIL: 'this computer has no such address: choose another with --host',
    ENOTFOUND: 'the host name is not known: choose another with --host',
  };
  const explanation = why[cause.code ?? ''] ?? cause.message;
  return new ProtocolError('cannot-listen', `Cannot listen on ${host}:${port}: ${explanation}.`, { cause });
}

async function bind(server: Server, host: string, port: number, credentials: ServerCredentials): Promise<number> {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, boundPort) => {
      if (error === null) resolve(boundPort);
      else reject(cannotListen(host, port, error));
    });
  });
}

async function shutDown(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  const timer = new AbortController();
  await Promise.race([closed, delay(graceMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
  timer.abort();
  server.forceShutdown();
  await closed;
}
