import { once } from 'node:events';

import type { ClientWritableStream, requestCallback } from '@grpc/grpc-js';

import type { UploadHeader } from '../messages/transfer-message.ts';
import { ProtocolError } from '../protocol-error.ts';
import { uploadRpc } from './rpc.ts';

/**
 * Sends one masked vector at the coordinator's pace; resolves when the coordinator has confirmed all of it.
 * Rejects with ProtocolError: what the coordinator answered, `unreachable`, or `cancelled`.
 */
export async function uploadVector(o: {
  readonly header: UploadHeader;
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
  /** The package's error for what grpc-js reports. */
  explain(error: unknown): ProtocolError;
  start(callback: requestCallback<Uint8Array>): ClientWritableStream<Uint8Array>;
}): Promise<void> {
  const cancelled = (): ProtocolError => new ProtocolError('cancelled', 'The upload was cancelled.');
  if (o.signal.aborted) throw cancelled();
  let answered = false;
  const { call, answer } = begin(
    (callback) => o.start(callback),
    () => (answered = true),
  );
  const cancel = (): void => call.cancel();
  o.signal.addEventListener('abort', cancel, { once: true });
  // Nothing but the answer tells how the call ended; its rejection is awaited below.
  call.on('error', () => undefined);
  answer.catch(() => undefined);

  const write = async (frame: Uint8Array): Promise<void> => {
    if (!call.write(frame)) await Promise.race([once(call, 'drain'), answer]);
  };
  try {
    await write(uploadRpc.request.encode({ kind: 'header', ...o.header }));
    let index = 0;
    for await (const data of o.chunks) {
      if (answered) break;
      await write(uploadRpc.request.encode({ kind: 'chunk', index, data }));
      index++;
    }
    if (!answered) call.end();
    const received = uploadRpc.response.decode(await answer);
    if (received !== index) {
      throw new ProtocolError('internal', `The coordinator confirmed ${received} of ${index} uploaded chunks.`);
    }
  } catch (error) {
    call.cancel();
    throw o.signal.aborted ? cancelled() : o.explain(error);
  } finally {
    o.signal.removeEventListener('abort', cancel);
  }
}

function begin(
  start: (callback: requestCallback<Uint8Array>) => ClientWritableStream<Uint8Array>,
  onAnswer: () => void,
): { call: ClientWritableStream<Uint8Array>; answer: Promise<Uint8Array> } {
  let resolve: (response: Uint8Array) => void;
  let reject: (error: Error) => void;
  const answer = new Promise<Uint8Array>((...settle) => ([resolve, reject] = settle));
  const call = start((error, response) => {
    onAnswer();
    if (error !== null) reject(error);
    else resolve(response ?? new Uint8Array());
  });
  return { call, answer };
}
