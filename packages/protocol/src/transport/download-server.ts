import type { ServerWritableStream } from '@grpc/grpc-js';

import { DOWNLOAD_CHUNK_BYTES } from '../messages/transfer-message.ts';
import type { DownloadRequest } from '../messages/transfer-message.ts';
import { ProtocolError } from '../protocol-error.ts';
import { writeFrame } from './frame-writing.ts';
import { downloadRpc } from './rpc.ts';

/** A file that can be read from any byte; pieces may have any size. */
export interface DownloadSource {
  readonly totalBytes: number;
  read(offset: number): AsyncIterable<Uint8Array>;
}

/** Sends a file from the requested byte on, at the receiver's pace. */
export async function serveDownload(
  call: ServerWritableStream<Uint8Array, Uint8Array>,
  request: DownloadRequest,
  source: DownloadSource,
): Promise<void> {
  const { totalBytes } = source;
  if (request.offset > totalBytes) {
    const message = `The download of ${request.hash} was asked to start at byte ${request.offset} of ${totalBytes}.`;
    throw new ProtocolError('invalid-message', message);
  }
  const send = (chunk: Uint8Array): Promise<void> =>
    writeFrame(call, downloadRpc.response.encode({ totalBytes, chunk }));
  // The first message tells the size even when nothing is left to send.
  await send(new Uint8Array());
  for await (const piece of source.read(request.offset)) {
    for (let start = 0; start < piece.length; start += DOWNLOAD_CHUNK_BYTES) {
      await send(piece.subarray(start, start + DOWNLOAD_CHUNK_BYTES));
    }
  }
  call.end();
}
