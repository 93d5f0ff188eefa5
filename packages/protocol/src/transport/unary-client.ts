import type { Client } from '@grpc/grpc-js';

import type { ProtocolError } from '../protocol-error.ts';
import type { Rpc } from './rpc.ts';

/** Milliseconds a small request may take, connecting included. */
const deadlineMs = 30_000;

/** One request, one response. Rejects with ProtocolError. */
export async function callUnary<Request, Response>(
  client: Client,
  explain: (error: unknown) => ProtocolError,
  rpc: Rpc<Request, Response>,
  request: Request,
): Promise<Response> {
  const frame = rpc.request.encode(request);
  const deadline = Date.now() + deadlineMs;
  const response = await new Promise<Uint8Array>((resolve, reject) => {
    const { path, requestSerialize, responseDeserialize } = rpc;
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, frame, { deadline }, (error, value) => {
      if (error !== null) reject(explain(error));
      else resolve(value ?? new Uint8Array());
    });
  });
  return rpc.response.decode(response);
}
