import type { handleUnaryCall } from '@grpc/grpc-js';

import type { EnrolRequest, EnrolResponse } from '../messages/enrolment-message.ts';
import { ProtocolError } from '../protocol-error.ts';
import { plainTlsServer } from './credentials.ts';
import type { TlsIdentity } from './credentials.ts';
import { answerWith } from './handler-answer.ts';
import { listen } from './listening.ts';
import type { ListeningServer } from './listening.ts';
import { enrolRpc } from './rpc.ts';
import { toStatus } from './status.ts';
import type { HandlerError } from './status.ts';

/**
 * Serves enrolment over TLS 1.3 without client certificates. `enrol` throws ProtocolError `denied`, `invitation-used` or
 * `invitation-expired` to refuse; any other error goes to `failed` and the caller learns only that it failed.
 * Rejects with ProtocolError `port-in-use` or `cannot-listen`.
 */
export async function startEnrolmentServer(o: {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly tls: TlsIdentity;
  enrol(request: EnrolRequest): Promise<EnrolResponse>;
  failed?(error: unknown): void;
}): Promise<ListeningServer> {
  const enrol: handleUnaryCall<Uint8Array, Uint8Array> = (call, callback) => {
    const run = async (): Promise<Uint8Array> =>
      enrolRpc.response.encode(await o.enrol(enrolRpc.request.decode(call.request)));
    const refuse = (error: unknown): HandlerError => {
      if (!(error instanceof ProtocolError)) o.failed?.(error);
      return toStatus(error);
    };
    answerWith(run, refuse, callback);
  };
  return listen({
    host: o.host,
    port: o.port,
    credentials: plainTlsServer(o.tls),
    addServices: (server) => server.addService({ enrol: enrolRpc }, { enrol }),
  });
}
