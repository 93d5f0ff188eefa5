import { open, readdir, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { contentHash } from '@noren/protocol';
import type { SiteId, UploadHeader } from '@noren/protocol';

import { CoordinatorError } from '../coordinator-error.ts';
import { syncFolder } from '../disk/sync-folder.ts';

/**
 * The masked vectors of a round, one file a site, until the sum is open: from here they are added up, and a restart adds them up
 * again. A file is named by the site and the SHA-256 of its chunks' hashes, which is what the site's ledger says of the
 * upload. On disk: a vector of every site of the cohort, 4 GB for a thousand sites with a million values. In memory, and
 * open: what is being written.
 */
export class UploadSpool {
  readonly #folder: string;
  readonly #open = new Map<string, SpooledUpload>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Begins a file, again from its first byte if a crash left a part of it. */
  async begin(site: SiteId, header: UploadHeader): Promise<SpooledUpload> {
    const name = fileName(site, header);
    const handle = await open(join(this.#folder, name), 'w', 0o600);
    const upload = new SpooledUpload(handle, this.#folder);
    this.#open.set(name, upload);
    return upload;
  }

  /** The chunks of a finished file; `chunks` are their sizes, bytes. Throws CoordinatorError `blob-damaged`. */
  async *read(site: SiteId, header: UploadHeader, chunks: readonly number[]): AsyncGenerator<Uint8Array> {
    const file = join(this.#folder, fileName(site, header));
    let handle: FileHandle;
    try {
      handle = await open(file, 'r');
    } catch (cause) {
      throw new CoordinatorError('blob-missing', `The update of ${site} (${file}) cannot be read.`, { cause });
    }
    try {
      for (const size of chunks) {
        const chunk = new Uint8Array(size);
        const { bytesRead } = await handle.read(chunk, 0, size);
        if (bytesRead < size)
          throw new CoordinatorError('blob-damaged', `The update of ${site} (${file}) is cut short.`);
        yield chunk;
      }
    } finally {
      await handle.close();
    }
  }

  /** Removes every file: the sum is open. */
  async clear(): Promise<void> {
    await this.close();
    const names = await readdir(this.#folder);
    await Promise.all(names.map((name) => rm(join(this.#folder, name), { force: true })));
  }

  async close(): Promise<void> {
    const uploads = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(uploads.map((upload) => upload.close()));
  }
}

/** One vector on its way to the disk. */
export class SpooledUpload {
  readonly #handle: FileHandle;
  readonly #folder: string;
  readonly #chunks: number[] = [];
  #bytes = 0;
  #writing: Promise<unknown> = Promise.resolve();
  #keeping: Promise<void> | null = null;

  constructor(handle: FileHandle, folder: string) {
    this.#handle = handle;
    this.#folder = folder;
  }

  /** Bytes of each chunk so far. */
  get chunks(): readonly number[] {
    return this.#chunks;
  }

  /** Writes the next chunk. */
  append(chunk: Uint8Array): Promise<void> {
    const position = this.#bytes;
    this.#bytes += chunk.length;
    this.#chunks.push(chunk.length);
    const written = this.#writing.then(() => this.#writeAll(chunk, position));
    this.#writing = written;
    // Whoever appends, and whoever keeps, hears of a failure; that nobody listens in between is no fault.
    written.catch(() => undefined);
    return written;
  }

  /** All of it is there: on disk, name and all, and closed when it resolves. Harmless when repeated. */
  keep(): Promise<void> {
    this.#keeping ??= this.#keep();
    return this.#keeping;
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => undefined);
    if (this.#keeping === null) return this.#handle.close();
    await this.#keeping.catch(() => undefined);
  }

  async #keep(): Promise<void> {
    try {
      await this.#writing;
      await this.#handle.datasync();
    } finally {
      await this.#handle.close();
    }
    await syncFolder(this.#folder);
  }

  async #writeAll(chunk: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < chunk.length;) {
      const { bytesWritten } = await this.#handle.write(chunk, done, chunk.length - done, position + done);
      done += bytesWritten;
    }
  }
}

function fileName(site: SiteId, { chunkHashes }: UploadHeader): string {
  return `${site}-${contentHash(Buffer.concat(chunkHashes))}`;
}
