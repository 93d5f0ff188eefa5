import { setTimeout as delay } from 'node:timers/promises';

import type { ClientReadableStream } from '@grpc/grpc-js';

import { contentHash } from '../identifiers.ts';
import type { Hash } from '../identifiers.ts';
import { ProtocolError } from '../protocol-error.ts';
import { downloadRpc } from './rpc.ts';

export interface DownloadOptions {
  readonly signal?: AbortSignal;
  /** Larger files are refused before any of it is kept. */
  readonly maximumBytes?: number;
  /** Bytes of the whole file received so far, and its size. */
  onChunk?(received: number, total: number): void;
}

/** One download and the connection it uses. */
interface Download {
  readonly hash: Hash;
  readonly signal: AbortSignal;
  readonly maximumBytes: number;
  start(frame: Uint8Array): ClientReadableStream<Uint8Array>;
  onChunk(received: number, total: number): void;
  /** The package's error for what grpc-js reports. */
  explain(error: unknown): ProtocolError;
}

/** Attempts in a row that bring no byte before a download gives up. */
const maximumFruitlessAttempts = 5;
/** Milliseconds before the second attempt; doubles with every fruitless one. */
const firstPauseMs = 100;

/**
 * Fetches a file, continuing where a broken stream stopped, and checks its SHA-256. Rejects with ProtocolError:
 * `not-found`, `denied`, `unreachable` after the last attempt, `hash-mismatch`, `invalid-message` (too large), `cancelled`.
 */
export async function downloadFile(o: Download): Promise<Uint8Array> {
  const file = new PartialFile(o.hash, o.maximumBytes);
  let fruitless = 0;
  for (;;) {
    const before = file.received;
    try {
      await attempt(o, file);
      return file.complete();
    } catch (cause) {
      if (o.signal.aborted) throw new ProtocolError('cancelled', `The download of ${o.hash} was cancelled.`, { cause });
      const error = o.explain(cause);
      fruitless = file.received > before ? 0 : fruitless + 1;
      if (error.code !== 'unreachable' || fruitless >= maximumFruitlessAttempts) throw error;
    }
    // An aborted pause ends the next attempt at once.
    await delay(firstPauseMs * 2 ** fruitless, undefined, { signal: o.signal }).catch(() => undefined);
  }
}

/** One stream: rejects with what it broke on. */
async function attempt(o: Download, file: PartialFile): Promise<void> {
  o.signal.throwIfAborted();
  const call = o.start(downloadRpc.request.encode({ hash: o.hash, offset: file.received }));
  // grpc-js may emit an error after the iteration has ended; nobody waits for it then.
  call.on('error', () => undefined);
  const cancel = (): void => call.cancel();
  o.signal.addEventListener('abort', cancel, { once: true });
  try {
    for await (const frame of call as AsyncIterable<Uint8Array>) {
      const { totalBytes, chunk } = downloadRpc.response.decode(frame);
      file.append(totalBytes, chunk);
      o.onChunk(file.received, totalBytes);
    }
    if (!file.isFull) throw new ProtocolError('unreachable', `The download of ${o.hash} ended early.`);
  } finally {
    o.signal.removeEventListener('abort', cancel);
    call.cancel();
  }
}

class PartialFile {
  readonly #hash: Hash;
  readonly #maximumBytes: number;
  #bytes: Uint8Array | undefined;
  #received = 0;

  constructor(hash: Hash, maximumBytes: number) {
    this.#hash = hash;
    this.#maximumBytes = maximumBytes;
  }

  get received(): number {
    return this.#received;
  }

  get isFull(): boolean {
    return this.#bytes !== undefined && this.#received === this.#bytes.length;
  }

  append(totalBytes: number, chunk: Uint8Array): void {
    if (totalBytes > this.#maximumBytes) {
      const message = `The file ${this.#hash} has ${totalBytes} bytes; at most ${this.#maximumBytes} are taken.`;
      throw new ProtocolError('invalid-message', message);
    }
    this.#bytes ??= new Uint8Array(totalBytes);
    if (this.#bytes.length !== totalBytes || this.#received + chunk.length > totalBytes) {
      throw new ProtocolError('hash-mismatch', `The download of ${this.#hash} changed its size on the way.`);
    }
    this.#bytes.set(chunk, this.#received);
    this.#received += chunk.length;
  }

  complete(): Uint8Array {
    const bytes = this.#bytes ?? new Uint8Array();
    const actual = contentHash(bytes);
    if (actual === this.#hash) return bytes;
    const message = `The downloaded file has the hash ${actual}, not ${this.#hash}. The coordinator's copy is damaged.`;
    throw new ProtocolError('hash-mismatch', message);
  }
}
