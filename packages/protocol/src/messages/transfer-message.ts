import { z } from 'zod';

import { noren } from '../generated/noren.js';
import { hashSchema, roundIdSchema } from '../identifiers.ts';
import type { Hash } from '../identifiers.ts';
import { MAXIMUM_VECTOR_LENGTH } from '../plan/plan.ts';
import { ProtocolError } from '../protocol-error.ts';
import { bytesField, decodeFrame, wireCodec } from './wire-codec.ts';

/** What precedes a masked vector: MaskedHeader of @noren/secure-aggregation. */
export interface UploadHeader {
  readonly roundId: string;
  readonly planHash: Uint8Array;
  /** Ring elements in the masked vector. */
  readonly length: number;
  /** SHA-256 of each chunk in order. */
  readonly chunkHashes: readonly Uint8Array[];
  readonly rosterHash: Uint8Array;
  readonly signature: Uint8Array;
}

/** Little-endian ring elements, at most 64 Ki of them. */
export interface UploadChunk {
  readonly index: number;
  readonly data: Uint8Array;
}

export type UploadMessage = ({ readonly kind: 'header' } & UploadHeader) | ({ readonly kind: 'chunk' } & UploadChunk);

export interface DownloadRequest {
  readonly hash: Hash;
  /** Byte to start from. */
  readonly offset: number;
}

export interface DownloadChunk {
  /** Bytes of the whole file. */
  readonly totalBytes: number;
  readonly chunk: Uint8Array;
}

/** Bytes of one chunk of a masked vector: 64 Ki ring elements of 4 bytes. */
export const UPLOAD_CHUNK_BYTES: number = 256 * 1024;
/** Bytes of one chunk of a download. */
export const DOWNLOAD_CHUNK_BYTES: number = 256 * 1024;
/** Bytes of one downloaded file: a backbone of 500 million float32 parameters. */
export const MAXIMUM_DOWNLOAD_BYTES: number = 2 ** 31 - 1;

// The vector's own elements and the two that secure aggregation appends (weight and clip count).
const maximumLength = MAXIMUM_VECTOR_LENGTH + 2;
const maximumChunks = Math.ceil((maximumLength * 4) / UPLOAD_CHUNK_BYTES);

const header = wireCodec<UploadHeader, noren.v1.UploadHeader.$Properties>(
  'upload header',
  z.object({
    roundId: roundIdSchema,
    planHash: bytesField(32),
    length: z.int().min(1).max(maximumLength),
    chunkHashes: z.array(bytesField(32)).min(1).max(maximumChunks),
    rosterHash: bytesField(32),
    signature: bytesField(64),
  }),
);
const chunk = wireCodec<UploadChunk, noren.v1.UploadChunk.$Properties>(
  'upload chunk',
  z.object({
    index: z
      .int()
      .min(0)
      .max(maximumChunks - 1),
    data: bytesField(4, UPLOAD_CHUNK_BYTES),
  }),
);
const downloadRequest = wireCodec<DownloadRequest, noren.v1.DownloadRequest.$Properties>(
  'download request',
  z.object({ hash: hashSchema, offset: z.int().min(0).max(MAXIMUM_DOWNLOAD_BYTES) }),
);
const downloadChunk = wireCodec<DownloadChunk, noren.v1.DownloadResponse.$Properties>(
  'download chunk',
  z.object({ totalBytes: z.int().min(0).max(MAXIMUM_DOWNLOAD_BYTES), chunk: bytesField(0, DOWNLOAD_CHUNK_BYTES) }),
);

export function encodeUploadMessage(message: UploadMessage): Uint8Array {
  const body = message.kind === 'header' ? { header: header.toWire(message) } : { chunk: chunk.toWire(message) };
  return noren.v1.UploadRequest.encode(body).finish();
}

export function decodeUploadMessage(bytes: Uint8Array): UploadMessage {
  const frame = decodeFrame('UploadRequest', noren.v1.UploadRequest, bytes);
  if (frame.body === 'header') return { kind: 'header', ...header.fromWire(frame.header) };
  if (frame.body === 'chunk') return { kind: 'chunk', ...chunk.fromWire(frame.chunk) };
  throw new ProtocolError('invalid-message', 'The upload has a message that is neither a header nor a chunk.');
}

export function encodeDownloadRequest(message: DownloadRequest): Uint8Array {
  return noren.v1.DownloadRequest.encode(downloadRequest.toWire(message)).finish();
}

export function decodeDownloadRequest(bytes: Uint8Array): DownloadRequest {
  return downloadRequest.fromWire(decodeFrame('DownloadRequest', noren.v1.DownloadRequest, bytes));
}

export function encodeDownloadChunk(message: DownloadChunk): Uint8Array {
  return noren.v1.DownloadResponse.encode(downloadChunk.toWire(message)).finish();
}

export function decodeDownloadChunk(bytes: Uint8Array): DownloadChunk {
  return downloadChunk.fromWire(decodeFrame('DownloadResponse', noren.v1.DownloadResponse, bytes));
}

/** The coordinator's answer to a complete upload: the number of chunks it received. */
export function encodeUploadReceipt(receivedChunks: number): Uint8Array {
  return noren.v1.UploadResponse.encode({ receivedChunks }).finish();
}

export function decodeUploadReceipt(bytes: Uint8Array): number {
  return decodeFrame('UploadResponse', noren.v1.UploadResponse, bytes).receivedChunks ?? 0;
}
