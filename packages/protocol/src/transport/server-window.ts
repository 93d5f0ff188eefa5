import type { Http2Server, ServerHttp2Session, Settings } from 'node:http2';

import type { Server } from '@grpc/grpc-js';

/** Private fields of grpc-js 1.14's Server. */
interface ServerInternals {
  readonly commonServerOptions?: { settings?: Settings };
  readonly http2Servers?: ReadonlyMap<Http2Server, unknown>;
}

/**
 * Raises the HTTP/2 receive window of a grpc-js server, which has no option for it (grpc-node#3058): without this an
 * upload moves 64 KiB per round trip. Call before binding; call the returned function after binding.
 * server-window.test.ts fails once grpc-js has the option and this file can go.
 */
export function raiseServerWindow(server: Server, bytes: number): () => void {
  const internals = server as unknown as ServerInternals;
  const options = internals.commonServerOptions;
  // Per stream: announced in the settings of every connection.
  if (options !== undefined) options.settings = { ...options.settings, initialWindowSize: bytes };
  return () => {
    // Per connection: HTTP/2 has no setting for it, only window updates (RFC 9113, section 6.9.2).
    for (const http2Server of internals.http2Servers?.keys() ?? []) {
      http2Server.on('session', (session: ServerHttp2Session) => session.setLocalWindowSize(bytes));
    }
  };
}
