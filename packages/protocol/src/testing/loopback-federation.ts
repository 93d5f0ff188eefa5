import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

import { CertificateAuthority } from '../certificates/certificate-authority.ts';
import { certificateToPem } from '../certificates/pem.ts';
import { createSigningRequest } from '../certificates/signing-request.ts';
import { contentHash, parseSiteId } from '../identifiers.ts';
import type { Hash } from '../identifiers.ts';
import type { UploadHeader } from '../messages/transfer-message.ts';
import type { SiteMessage } from '../messages/site-message.ts';
import { ProtocolError } from '../protocol-error.ts';
import type { TlsIdentity } from '../transport/credentials.ts';
import { startFederationServer } from '../transport/federation-server.ts';
import type { FederationHandlers } from '../transport/federation-server.ts';
import type { SessionHandle } from '../transport/session-server.ts';

/** Stops what a test started, last first, also when the test fails. */
export type Cleanup = (stop: () => void | Promise<void>) => void;

/** A site's TLS identity under an authority. */
export async function siteIdentity(authority: CertificateAuthority, siteId: string, now?: Date): Promise<TlsIdentity> {
  const { key, request } = await createSigningRequest();
  const certificate = certificateToPem(await authority.issueClient(parseSiteId(siteId), request, now));
  return { authority: authority.certificate, certificate, key };
}

/** What a coordinator's handlers saw, and the handles to answer with. */
export interface CoordinatorRecord {
  readonly handles: SessionHandle[];
  readonly messages: SiteMessage[];
  readonly closed: string[];
  readonly uploads: { header: UploadHeader; chunks: Uint8Array[]; end: string }[];
  readonly failures: unknown[];
}

export interface LoopbackFederation {
  readonly authority: CertificateAuthority;
  readonly address: string;
  readonly port: number;
  readonly record: CoordinatorRecord;
  readonly blobs: Map<Hash, Uint8Array>;
  readonly revoked: Set<string>;
  close(): Promise<void>;
}

/** A coordinator in memory behind the real server, on a free loopback port. */
export async function startLoopback(
  cleanup: Cleanup,
  override: Partial<FederationHandlers> = {},
): Promise<LoopbackFederation> {
  const authority = await CertificateAuthority.create('north');
  const record: CoordinatorRecord = { handles: [], messages: [], closed: [], uploads: [], failures: [] };
  const blobs = new Map<Hash, Uint8Array>();
  const revoked = new Set<string>();
  const handlers: FederationHandlers = {
    authorise(peer) {
      if (revoked.has(peer.siteId)) throw new ProtocolError('denied', `The site ${peer.siteId} was revoked.`);
    },
    session(handle) {
      record.handles.push(handle);
      return { message: (message) => record.messages.push(message), closed: (reason) => record.closed.push(reason) };
    },
    async download(_peer, hash) {
      const bytes = blobs.get(hash);
      if (bytes === undefined) throw new ProtocolError('not-found', `There is no file ${hash}.`);
      async function* read(offset: number): AsyncGenerator<Uint8Array> {
        for (let at = offset; at < (bytes?.length ?? 0); at += 65_536) {
          // Give the loop back as a disk would.
          await new Promise((resolve) => setImmediate(resolve));
          yield bytes?.subarray(at, at + 65_536) ?? new Uint8Array();
        }
      }
      return { totalBytes: bytes.length, read };
    },
    async upload(_peer, header) {
      const upload = { header, chunks: [] as Uint8Array[], end: '' };
      record.uploads.push(upload);
      return {
        chunk: async (index, data) => {
          if (index !== upload.chunks.length) throw new Error('out of order');
          upload.chunks.push(data);
        },
        complete: async () => {
          upload.end += 'complete;';
        },
        aborted: (reason) => {
          upload.end += `aborted: ${reason};`;
        },
      };
    },
    failed: (error) => record.failures.push(error),
    ...override,
  };
  const certificate = await authority.issueServer([]);
  const tls = { authority: authority.certificate, ...certificate };
  const server = await startFederationServer({ host: '127.0.0.1', port: 0, tls, handlers });
  cleanup(() => server.close());
  const { port } = server;
  return { authority, address: `127.0.0.1:${port}`, port, record, blobs, revoked, close: () => server.close() };
}

/** Stores content a site can download. */
export function publish(federation: LoopbackFederation, bytes: Uint8Array): Hash {
  const hash = contentHash(bytes);
  federation.blobs.set(hash, bytes);
  return hash;
}

/** A TCP relay to a port that cuts its first connections after so many bytes towards the client. */
export async function cuttingRelay(cleanup: Cleanup, port: number, cutAfterBytes: number[]): Promise<string> {
  const sockets = new Set<Socket>();
  const relay = createServer((downstream) => {
    const upstream = connect(port, '127.0.0.1');
    let remaining = cutAfterBytes.shift() ?? Number.POSITIVE_INFINITY;
    for (const [from, to] of [
      [downstream, upstream],
      [upstream, downstream],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
    downstream.pipe(upstream);
    upstream.on('data', (data) => {
      downstream.write(data);
      remaining -= data.length;
      if (remaining < 0) downstream.destroy();
    });
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  cleanup(() => {
    for (const socket of sockets) socket.destroy();
    relay.close();
  });
  return `127.0.0.1:${(relay.address() as AddressInfo).port}`;
}

/** Resolves when the condition holds; the test's own timeout is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
