import { createServer, connect, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';

import { dataByStream } from './http2-data.ts';

export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface RecordingProxy {
  readonly port: number;
  /** What each site said and heard, decrypted and joined per HTTP/2 stream, by site id. */
  sent(): ReadonlyMap<string, Buffer>;
  heard(): ReadonlyMap<string, Buffer>;
  close(): Promise<void>;
}

interface Conversation {
  readonly site: string;
  readonly up: Buffer[];
  readonly down: Buffer[];
}

/**
 * Stands between the sites and their coordinator with the keys of both ends, which only a test has: it ends the mutual
 * TLS of each side, so that what really crossed the wire can be read.
 */
export async function startRecordingProxy(o: {
  readonly authority: string;
  readonly server: KeyPair;
  /** Read at connection time: a site's certificate exists only once it has enrolled. */
  readonly siteKeys: (site: string) => KeyPair;
  readonly coordinatorPort: number;
}): Promise<RecordingProxy> {
  const conversations: Conversation[] = [];
  const sockets = new Set<TLSSocket>();
  const server = createServer(
    {
      ca: o.authority,
      cert: o.server.certificate,
      key: o.server.key,
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['h2'],
    },
    (site) => {
      const name = String(site.getPeerCertificate().subject.CN);
      const conversation: Conversation = { site: name, up: [], down: [] };
      conversations.push(conversation);
      const keys = o.siteKeys(name);
      const coordinator = connect({
        host: '127.0.0.1',
        port: o.coordinatorPort,
        ca: o.authority,
        cert: keys.certificate,
        key: keys.key,
        servername: 'localhost',
        ALPNProtocols: ['h2'],
      });
      join(site, coordinator, conversation.up);
      join(coordinator, site, conversation.down);
      for (const socket of [site, coordinator]) {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
      }
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const collect = (direction: 'up' | 'down'): ReadonlyMap<string, Buffer> => {
    const bySite = new Map<string, Buffer>();
    for (const conversation of conversations) {
      const streams = dataByStream(Buffer.concat(conversation[direction]), direction === 'up');
      bySite.set(
        conversation.site,
        Buffer.concat([bySite.get(conversation.site) ?? Buffer.alloc(0), ...streams.values()]),
      );
    }
    return bySite;
  };
  return {
    port: (server.address() as AddressInfo).port,
    sent: () => collect('up'),
    heard: () => collect('down'),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function join(from: TLSSocket, to: TLSSocket, record: Buffer[]): void {
  from.on('data', (piece: Buffer) => {
    record.push(piece);
    if (!to.write(piece)) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  });
  from.once('end', () => to.end());
  from.once('error', () => to.destroy());
  from.once('close', () => to.destroy());
}
