import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
} from '@grpc/grpc-js';

import type { Hash } from '../identifiers.ts';
import type { UploadHeader } from '../messages/transfer-message.ts';
import { ProtocolError } from '../protocol-error.ts';
import { mutualTlsServer } from './credentials.ts';
import type { TlsIdentity } from './credentials.ts';
import { serveDownload } from './download-server.ts';
import type { DownloadSource } from './download-server.ts';
import { answerWith } from './handler-answer.ts';
import { listen } from './listening.ts';
import type { ListeningServer } from './listening.ts';
import { peerOf } from './peer-identity.ts';
import type { PeerIdentity } from './peer-identity.ts';
import { downloadRpc, renewRpc, sessionRpc, uploadRpc } from './rpc.ts';
import { serveSession } from './session-server.ts';
import type { SessionHandle, SessionListener } from './session-server.ts';
import { toStatus } from './status.ts';
import type { HandlerError } from './status.ts';
import { serveUpload } from './upload-server.ts';
import type { UploadReceiver } from './upload-server.ts';

/**
 * What a coordinator does when sites call. A thrown ProtocolError is told to the site; any other error is reported and
 * the site learns only that the coordinator failed.
 */
export interface FederationHandlers {
  /** Before every call: throw ProtocolError `denied` to refuse a revoked site. */
  authorise(peer: PeerIdentity): void;
  session(handle: SessionHandle): SessionListener;
  /** Reject with ProtocolError `not-found` for an unknown hash. */
  download(peer: PeerIdentity, hash: Hash): Promise<DownloadSource>;
  upload(peer: PeerIdentity, header: UploadHeader): Promise<UploadReceiver>;
  /** Issues a certificate (DER) in the name the site has proved, for a signing request (DER). */
  renew?(peer: PeerIdentity, certificateSigningRequest: Uint8Array): Promise<Uint8Array>;
  /** Errors that are the coordinator's own; `during` names the call and the site. */
  failed?(error: unknown, during: string): void;
}

type Frame = Uint8Array;
type Admission = ReturnType<typeof peerOf>;

/**
 * Serves sites over mutual TLS 1.3. Rejects with ProtocolError `port-in-use` or `cannot-listen`.
 * `close` ends every session with a reason, then the connections.
 */
export async function startFederationServer(o: {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly tls: TlsIdentity;
  readonly handlers: FederationHandlers;
}): Promise<ListeningServer> {
  const { handlers } = o;
  const sessions = new Set<{ end(reason: string): void }>();

  const admit = (call: Parameters<typeof peerOf>[0]): Admission => {
    const admission = peerOf(call, Date.now());
    handlers.authorise(admission.peer);
    return admission;
  };
  const refuse = (error: unknown, during: string): HandlerError => {
    if (!(error instanceof ProtocolError)) handlers.failed?.(error, during);
    return toStatus(error);
  };

  const session: handleBidiStreamingCall<Frame, Frame> = (call) => {
    try {
      const { peer, expiresAt } = admit(call);
      const during = `session of ${peer.siteId}`;
      const report = (error: unknown): void => handlers.failed?.(error, during);
      const validForMs = expiresAt - Date.now();
      const open = (handle: SessionHandle): SessionListener => handlers.session(handle);
      const served = serveSession({ call, peer, validForMs, open, report });
      sessions.add(served);
      call.once('close', () => sessions.delete(served));
    } catch (error) {
      call.emit('error', refuse(error, 'session'));
    }
  };

  const download: handleServerStreamingCall<Frame, Frame> = (call) => {
    const run = async (): Promise<void> => {
      const { peer } = admit(call);
      const request = downloadRpc.request.decode(call.request);
      await serveDownload(call, request, await handlers.download(peer, request.hash));
    };
    run().catch((error: unknown) => {
      const status = refuse(error, 'download');
      if (!call.destroyed) call.emit('error', status);
    });
  };

  const upload: handleClientStreamingCall<Frame, Frame> = (call, callback) => {
    // Iteration hears errors while it runs; later ones must not reach the process.
    call.on('error', () => undefined);
    const run = async (): Promise<Frame> => {
      const { peer } = admit(call);
      const received = await serveUpload(call, (header) => handlers.upload(peer, header));
      return uploadRpc.response.encode(received);
    };
    answerWith(run, (error) => refuse(error, 'upload'), callback);
  };

  const renew: handleUnaryCall<Frame, Frame> = (call, callback) => {
    const run = async (): Promise<Frame> => {
      const { peer } = admit(call);
      if (handlers.renew === undefined) {
        throw new ProtocolError(
          'wrong-state',
          'This coordinator does not renew certificates: ask for a new invitation.',
        );
      }
      return renewRpc.response.encode(await handlers.renew(peer, renewRpc.request.decode(call.request)));
    };
    answerWith(run, (error) => refuse(error, 'renewal'), callback);
  };

  const server = await listen({
    host: o.host,
    port: o.port,
    credentials: mutualTlsServer(o.tls),
    addServices: (grpc) =>
      grpc.addService(
        { session: sessionRpc, download: downloadRpc, upload: uploadRpc, renew: renewRpc },
        { session, download, upload, renew },
      ),
  });
  const close = async (): Promise<void> => {
    for (const open of sessions) open.end('The coordinator is shutting down.');
    await server.close();
  };
  return { port: server.port, close };
}
