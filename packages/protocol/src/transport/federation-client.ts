import { Client } from '@grpc/grpc-js';
import type { requestCallback } from '@grpc/grpc-js';

import { certificateValidity } from '../certificates/pem.ts';
import type { Hash } from '../identifiers.ts';
import type { UploadHeader } from '../messages/transfer-message.ts';
import { ProtocolError } from '../protocol-error.ts';
import { clientSettings } from './channel-settings.ts';
import { tlsClient } from './credentials.ts';
import type { TlsIdentity } from './credentials.ts';
import { downloadFile } from './download-client.ts';
import type { DownloadOptions } from './download-client.ts';
import { downloadRpc, renewRpc, sessionRpc, uploadRpc } from './rpc.ts';
import type { Rpc } from './rpc.ts';
import { openSession } from './session-client.ts';
import type { SiteSession, SiteSessionListener } from './session-client.ts';
import { fromServiceError } from './status.ts';
import { callUnary } from './unary-client.ts';
import { uploadVector } from './upload-client.ts';

/** A site's way to its coordinator. It connects when first used and again after a break. */
export interface FederationConnection {
  session(listener: SiteSessionListener): SiteSession;
  /** The whole file, its SHA-256 checked; continues by itself after a broken stream. */
  download(hash: Hash, o?: DownloadOptions): Promise<Uint8Array>;
  /** Chunks of at most 256 KiB in the header's order; taken one by one, at the coordinator's pace. */
  upload(
    header: UploadHeader,
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    o?: { readonly signal?: AbortSignal },
  ): Promise<void>;
  /** A fresh certificate (DER) for a signing request (DER), under the name of the present one. */
  renew(certificateSigningRequest: Uint8Array): Promise<Uint8Array>;
  /** Ends everything that is under way: sessions close, transfers reject with `cancelled`. */
  close(): void;
}

/**
 * Prepares a connection to `address` (host:port); no network is touched yet.
 * Throws ProtocolError `invalid-certificate` when the PEM texts cannot be read.
 */
export function connectFederation(o: { readonly address: string; readonly tls: TlsIdentity }): FederationConnection {
  const { address } = o;
  const { credentials, options } = tlsClient(address, o.tls.authority, o.tls);
  const expiresAt = certificateValidity(o.tls.certificate).notAfter;
  const client = new Client(address, credentials, { ...clientSettings, ...options });
  const closing = new AbortController();

  const endedBy = (signal: AbortSignal | undefined): AbortSignal =>
    signal === undefined ? closing.signal : AbortSignal.any([closing.signal, signal]);
  // A server drops a caller with an expired certificate without a word (TLS 1.3), so the reason is looked for here.
  const explain = (error: unknown): ProtocolError =>
    Date.now() < expiresAt.getTime() ? fromServiceError(error, address) : expired(expiresAt, error);
  const coders = <Request, Response>(rpc: Rpc<Request, Response>) =>
    [rpc.path, rpc.requestSerialize, rpc.responseDeserialize] as const;

  return {
    session: (listener) => {
      const call = client.makeBidiStreamRequest(...coders(sessionRpc));
      return openSession({ call, explain, listener, signal: closing.signal });
    },
    download: (hash, options = {}) =>
      downloadFile({
        hash,
        explain,
        signal: endedBy(options.signal),
        maximumBytes: options.maximumBytes ?? Number.POSITIVE_INFINITY,
        onChunk: (received, total) => options.onChunk?.(received, total),
        start: (frame) => client.makeServerStreamRequest(...coders(downloadRpc), frame),
      }),
    upload: (header, chunks, options = {}) =>
      uploadVector({
        header,
        chunks,
        explain,
        signal: endedBy(options.signal),
        start: (callback: requestCallback<Uint8Array>) =>
          client.makeClientStreamRequest(...coders(uploadRpc), callback),
      }),
    renew: (certificateSigningRequest) => callUnary(client, explain, renewRpc, certificateSigningRequest),
    close: () => {
      closing.abort();
      client.close();
    },
  };
}

function expired(expiresAt: Date, cause: unknown): ProtocolError {
  if (cause instanceof ProtocolError) return cause;
  const message =
    `This site's certificate expired on ${expiresAt.toISOString()}, and the coordinator does not accept it any more. ` +
    'Ask for a new invitation and enrol again (or correct the clock).';
  return new ProtocolError('certificate-rejected', message, { cause });
}
