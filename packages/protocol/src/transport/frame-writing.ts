import type { Writable } from 'node:stream';

import { ProtocolError } from '../protocol-error.ts';

/**
 * Writes one frame and waits while the receiver is behind. Rejects with ProtocolError `cancelled` when the stream closes
 * first: grpc-js then never calls back.
 */
export async function writeFrame(stream: Writable, frame: Uint8Array): Promise<void> {
  if (stream.destroyed) throw closedEarly();
  if (stream.write(frame)) return;
  await new Promise<void>((resolve, reject) => {
    const drained = (): void => {
      stream.off('close', closed);
      resolve();
    };
    const closed = (): void => {
      stream.off('drain', drained);
      reject(closedEarly());
    };
    stream.once('drain', drained);
    stream.once('close', closed);
  });
}

function closedEarly(): ProtocolError {
  return new ProtocolError('cancelled', 'The receiver closed the stream before everything was sent.');
}
