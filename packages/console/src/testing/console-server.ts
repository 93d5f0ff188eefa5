import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

import { federationViewSchema } from '@noren/protocol/console';
import type { FederationView } from '@noren/protocol/console';

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** As the coordinator sends it. */
const POLICY = "default-src 'self'";

export interface ConsoleServer {
  readonly address: string;
  /** Changes what `/api/federation` answers and tells every open event stream. */
  show(view: FederationView): void;
  /** Answers with this HTTP status and closes the streams until the next `show`. */
  fail(status: number): void;
  close(): Promise<void>;
}

/** The coordinator's HTTP side as far as the page sees it: static files, the view, the event stream. */
export async function startConsoleServer(folder: string, first: FederationView): Promise<ConsoleServer> {
  let view = federationViewSchema.parse(first);
  let failure: number | null = null;
  let events = 0;
  const streams = new Set<ServerResponse>();

  const server = createServer((request, response) => {
    response.setHeader('content-security-policy', POLICY);
    const path = new URL(request.url ?? '/', 'http://console').pathname;
    if (path.startsWith('/api/') && failure !== null) {
      response.writeHead(failure).end();
    } else if (path === '/api/federation') {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(view));
    } else if (path === '/api/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.flushHeaders();
      streams.add(response);
      response.on('close', () => streams.delete(response));
    } else {
      sendFile(response, join(folder, normalize(path === '/' ? '/index.html' : path)));
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });

  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    show(next) {
      view = federationViewSchema.parse(next);
      failure = null;
      events += 1;
      for (const stream of streams) stream.write(`event: changed\nid: ${events}\ndata: {}\n\n`);
    },
    fail(status) {
      failure = status;
      for (const stream of streams) stream.end();
    },
    async close() {
      for (const stream of streams) stream.end();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

function sendFile(response: ServerResponse, file: string): void {
  if (!existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  response.setHeader('content-type', MEDIA_TYPES[extname(file)] ?? 'application/octet-stream');
  createReadStream(file).pipe(response);
}
