import type { ClientDuplexStream, StatusObject } from '@grpc/grpc-js';

import type { CoordinatorMessage } from '../messages/coordinator-message.ts';
import type { SiteMessage } from '../messages/site-message.ts';
import { ProtocolError } from '../protocol-error.ts';
import { sessionRpc } from './rpc.ts';
import { reasonOf } from './status.ts';

/** The site's end of its session. */
export interface SiteSession {
  /** Throws ProtocolError `invalid-message` for a message the coordinator would refuse. Does nothing once closed. */
  send(message: SiteMessage): void;
  /** Says goodbye; `closed` fires when the coordinator has answered or the connection is gone. */
  end(): void;
}

export interface SiteSessionListener {
  /** An error thrown here ends the session with it. */
  message(message: CoordinatorMessage): void;
  /**
   * Exactly once, and nothing after it. `error` is null when either side ended the session on purpose; otherwise its
   * code says whether to connect again (`unreachable`) or not (`denied`, `certificate-rejected`).
   */
  closed(reason: string, error: ProtocolError | null): void;
}

/** Messages that may wait for a coordinator that does not read. */
const maximumQueued = 256;

export function openSession(o: {
  readonly call: ClientDuplexStream<Uint8Array, Uint8Array>;
  /** The package's error for what grpc-js reports. */
  explain(error: unknown): ProtocolError;
  readonly listener: SiteSessionListener;
  /** Cancels the call when the connection is closed here. */
  readonly signal: AbortSignal;
}): SiteSession {
  const { call, listener } = o;
  let closed = false;
  let final: StatusObject | undefined;

  const close = (reason: string, error: ProtocolError | null): void => {
    if (closed) return;
    closed = true;
    o.signal.removeEventListener('abort', abort);
    listener.closed(reason, error);
  };
  const fail = (error: ProtocolError): void => {
    call.cancel();
    close(error.message, error);
  };
  const abort = (): void => {
    call.cancel();
    close('This site closed the connection.', null);
  };

  call.on('data', (frame: Uint8Array) => {
    if (closed) return;
    try {
      listener.message(sessionRpc.response.decode(frame));
    } catch (error) {
      fail(o.explain(error));
    }
  });
  call.on('status', (status: StatusObject) => {
    final = status;
  });
  call.on('error', (cause: Error) => {
    const error = o.explain(cause);
    close(error.message, error);
  });
  // After a success status, messages may still wait to be read; `end` comes behind them. A failure has emitted `error`.
  call.on('end', () => close((final && reasonOf(final.metadata)) ?? 'The session ended.', null));
  o.signal.addEventListener('abort', abort, { once: true });
  if (o.signal.aborted) queueMicrotask(abort);

  return {
    send: (message) => {
      if (closed) return;
      const frame = sessionRpc.request.encode(message);
      if (call.writableLength < maximumQueued) call.write(frame);
      else
        fail(new ProtocolError('exhausted', `The coordinator does not read: ${maximumQueued} messages are waiting.`));
    },
    end: () => {
      if (!closed && !call.writableEnded) call.end();
    },
  };
}
