import type { AddressInfo } from 'node:net';

import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';

/** Milliseconds open requests get to end by themselves when the server closes. */
const GRACE = 1000;

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves the application; `port` 0 takes a free one. Rejects with the socket's own error. */
export async function startHttpServer(app: Hono, host: string, port: number): Promise<HttpServer> {
  const server = createAdaptorServer({ fetch: app.fetch });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const end = 'closeAllConnections' in server ? (): void => server.closeAllConnections() : (): void => undefined;
      const timer = setTimeout(end, GRACE);
      await closed;
      clearTimeout(timer);
    },
  };
}
