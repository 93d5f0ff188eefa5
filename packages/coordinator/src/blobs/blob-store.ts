import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Hash } from '@noren/protocol';
import { contentHash } from '@noren/protocol';

import { CoordinatorError } from '../coordinator-error.ts';
import { syncFolder } from '../disk/sync-folder.ts';

/** Bytes read at once when a blob is sent. */
const READ_BYTES = 256 * 1024;
/** Prefix of files that are still being written; a crash leaves them behind. */
const INCOMING = '.incoming-';

/**
 * Content-addressed files: the name is the SHA-256 of the content. A blob is complete and on disk or not there at all,
 * whenever the power goes: temporary file, fsync, rename, fsync of the folder.
 */
export class BlobStore {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Creates the folder (0700) and clears what a crash left half-written. */
  static async open(folder: string): Promise<BlobStore> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const names = await readdir(folder);
    const leftovers = names.filter((name) => name.startsWith(INCOMING));
    await Promise.all(leftovers.map((name) => rm(join(folder, name), { force: true })));
    return new BlobStore(folder);
  }

  /** On disk when it resolves. Writing content that is there already is cheap and changes nothing. */
  async write(bytes: Uint8Array): Promise<Hash> {
    const hash = contentHash(bytes);
    if ((await this.size(hash)) === bytes.length) return hash;
    const temporary = join(this.#folder, INCOMING + randomUUID());
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.#path(hash));
      await syncFolder(this.#folder);
    } catch (cause) {
      await rm(temporary, { force: true });
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new CoordinatorError('store-failed', `Could not write a file of ${bytes.length} bytes: ${why}`, { cause });
    }
    return hash;
  }

  /** The content, checked against its hash. Throws `blob-missing` or `blob-damaged`. */
  async read(hash: Hash): Promise<Uint8Array> {
    let bytes: Uint8Array;
    try {
      const file = await readFile(this.#path(hash));
      // A plain array: a Buffer's slice() is a view, which surprises readers of binary formats.
      bytes = new Uint8Array(file.buffer, file.byteOffset, file.length);
    } catch (cause) {
      throw new CoordinatorError('blob-missing', `The file ${this.#path(hash)} cannot be read.`, { cause });
    }
    if (contentHash(bytes) === hash) return bytes;
    const message = `The file ${this.#path(hash)} is not what its name promises: restore it from a backup.`;
    throw new CoordinatorError('blob-damaged', message);
  }

  /** Bytes of the blob, or null when there is none. */
  async size(hash: Hash): Promise<number | null> {
    try {
      return (await stat(this.#path(hash))).size;
    } catch {
      return null;
    }
  }

  /** The content from byte `offset` on. Unchecked: the receiver checks the hash. */
  stream(hash: Hash, offset: number): AsyncIterable<Uint8Array> {
    return createReadStream(this.#path(hash), { start: offset, highWaterMark: READ_BYTES });
  }

  #path(hash: Hash): string {
    return join(this.#folder, hash);
  }
}
