import type { ServerDuplexStream } from '@grpc/grpc-js';

import type { CoordinatorMessage } from '../messages/coordinator-message.ts';
import type { SiteMessage } from '../messages/site-message.ts';
import { ProtocolError } from '../protocol-error.ts';
import type { PeerIdentity } from './peer-identity.ts';
import { sessionRpc } from './rpc.ts';
import { reasonMetadata, toStatus } from './status.ts';

/** The coordinator's end of one site's session. */
export interface SessionHandle {
  readonly peer: PeerIdentity;
  /** Throws ProtocolError `invalid-message` for a message the site would refuse. Does nothing once the session is closed. */
  send(message: CoordinatorMessage): void;
  /** Ends the session; the site is told the reason. `closed` fires with it. */
  end(reason: string): void;
}

/** What the coordinator does with one session. A thrown ProtocolError ends the session with its text. */
export interface SessionListener {
  message(message: SiteMessage): void;
  /** Exactly once, and nothing after it. */
  closed(reason: string): void;
}

/** Messages that may wait for a site that does not read; a round sends it a handful. */
const maximumQueued = 256;
/** Largest delay of setTimeout, milliseconds. */
const maximumDelay = 2 ** 31 - 1;

/**
 * Serves one session until either side ends it, the connection breaks or the site's certificate expires.
 * `report` hears errors that are not the peer's fault.
 */
export function serveSession(o: {
  readonly call: ServerDuplexStream<Uint8Array, Uint8Array>;
  readonly peer: PeerIdentity;
  /** Milliseconds until the certificate expires. */
  readonly validForMs: number;
  open(handle: SessionHandle): SessionListener;
  report(error: unknown): void;
}): { end(reason: string): void } {
  const { call } = o;
  let listener: SessionListener | undefined;
  let closedFor: string | undefined;

  const close = (reason: string): void => {
    if (closedFor !== undefined) return;
    closedFor = reason;
    clearTimeout(expiry);
    guarded(() => listener?.closed(reason));
  };
  const end = (reason: string): void => {
    if (closedFor !== undefined) return;
    call.end(reasonMetadata(reason));
    close(reason);
  };
  const fail = (error: unknown): void => {
    if (closedFor !== undefined) return;
    if (!(error instanceof ProtocolError)) o.report(error);
    const status = toStatus(error);
    // This is how grpc-js takes a status for a stream: its own listener sends it behind the queued messages.
    call.emit('error', status);
    close(status.details);
  };
  const guarded = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      if (closedFor === undefined) fail(error);
      else o.report(error);
    }
  };
  // A certificate that is valid for longer than a timer can run is due for renewal by then anyway.
  const expiry = setTimeout(
    () => end('The certificate of this session expires: connect again with a fresh one.'),
    Math.min(o.validForMs, maximumDelay),
  ).unref();

  call.on('data', (frame: Uint8Array) => {
    if (closedFor !== undefined) return;
    guarded(() => listener?.message(sessionRpc.request.decode(frame)));
  });
  call.on('end', () => end('The site ended its session.'));
  call.on('cancelled', () => close('The connection to the site was lost.'));
  call.on('error', () => close('The session failed.'));

  guarded(() => {
    listener = o.open({
      peer: o.peer,
      end,
      send: (message) => {
        if (closedFor !== undefined) return;
        const frame = sessionRpc.response.encode(message);
        if (call.writableLength < maximumQueued) call.write(frame);
        else fail(new ProtocolError('exhausted', `The site does not read its messages: ${maximumQueued} are waiting.`));
      },
    });
  });
  // The application may have ended the session from within `open`, before there was anyone to tell.
  const endedFor = closedFor;
  if (endedFor !== undefined) guarded(() => listener?.closed(endedFor));
  return { end };
}
