import type { ServerReadableStream } from '@grpc/grpc-js';

import type { UploadHeader } from '../messages/transfer-message.ts';
import { ProtocolError } from '../protocol-error.ts';
import { uploadRpc } from './rpc.ts';

/** Takes one masked vector. After its creation exactly one of `complete` and `aborted` is called, and nothing after it. */
export interface UploadReceiver {
  /** Chunks come in order, each once; the next is read when the promise resolves. */
  chunk(index: number, data: Uint8Array): Promise<void>;
  /** All chunks that the header announced have come. The site is told when the promise resolves. */
  complete(): Promise<void>;
  aborted(reason: string): void;
}

/** Reads one upload; returns the number of chunks. Rejects with ProtocolError when it breaks the protocol or breaks off. */
export async function serveUpload(
  call: ServerReadableStream<Uint8Array, Uint8Array>,
  open: (header: UploadHeader) => Promise<UploadReceiver>,
): Promise<number> {
  let receiver: UploadReceiver | undefined;
  let expected = 0;
  let received = 0;
  try {
    for await (const frame of call as AsyncIterable<Uint8Array>) {
      const message = uploadRpc.request.decode(frame);
      if (message.kind === 'header') {
        if (receiver !== undefined) throw new ProtocolError('invalid-message', 'The upload has a second header.');
        const { kind: _kind, ...header } = message;
        expected = header.chunkHashes.length;
        receiver = await open(header);
      } else {
        if (receiver === undefined)
          throw new ProtocolError('invalid-message', 'The upload has a chunk before its header.');
        if (message.index !== received || received === expected) {
          const where = `chunk ${message.index} where chunk ${received} of ${expected} was due`;
          throw new ProtocolError('invalid-message', `The upload has ${where}.`);
        }
        await receiver.chunk(message.index, message.data);
        received++;
      }
    }
    if (receiver === undefined) throw new ProtocolError('invalid-message', 'The upload has no header.');
    if (received !== expected) {
      throw new ProtocolError('invalid-message', `The upload ended after ${received} of ${expected} chunks.`);
    }
  } catch (error) {
    const failure = call.cancelled ? brokeOff(received, expected, error) : error;
    receiver?.aborted(failure instanceof ProtocolError ? failure.message : 'The coordinator failed.');
    throw failure;
  }
  await receiver.complete();
  return received;
}

function brokeOff(received: number, expected: number, cause: unknown): ProtocolError {
  return new ProtocolError('cancelled', `The upload broke off after ${received} of ${expected} chunks.`, { cause });
}
