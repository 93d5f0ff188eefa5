import { open, readFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import { CoordinatorError } from '../coordinator-error.ts';
import { decodeRecords, encodeRecord } from './log-record.ts';
import type { RoundLogRecord } from './log-record.ts';

/** The append-only record of one round: everything that changed it, so that its replay is the round. */
export interface RoundLog {
  /** Takes a record for the next `sync`; nothing may rest on it before. */
  append(record: RoundLogRecord): void;
  /** Resolves when every record appended so far is on disk. Rejects with CoordinatorError `store-failed`, from then on always. */
  sync(): Promise<void>;
  /** Syncs and closes. */
  close(): Promise<void>;
}

/**
 * A log in a file. Commits are shared: whatever is appended while one fsync runs is written by the next, so a hundred
 * sites that answer together cost two of them.
 */
export class RoundLogFile implements RoundLog {
  readonly #file: string;
  readonly #handle: FileHandle;
  #pending: Uint8Array[] = [];
  #last: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;
  #failure: CoordinatorError | null = null;

  private constructor(file: string, handle: FileHandle) {
    this.#file = file;
    this.#handle = handle;
  }

  /** A new log; an existing one is an error. The caller syncs the folder. */
  static async create(file: string): Promise<RoundLogFile> {
    return new RoundLogFile(file, await open(file, 'ax', 0o600));
  }

  /** What a log holds, to go on with it: the end that a crash left incomplete is cut off. */
  static async reopen(file: string): Promise<{ readonly log: RoundLogFile; readonly records: RoundLogRecord[] }> {
    const content = await readFile(file);
    const { records, bytes } = decodeRecords(content);
    const handle = await open(file, 'a', 0o600);
    if (bytes < content.length) {
      await handle.truncate(bytes);
      await handle.datasync();
    }
    return { log: new RoundLogFile(file, handle), records };
  }

  append(record: RoundLogRecord): void {
    this.#pending.push(encodeRecord(record));
  }

  sync(): Promise<void> {
    if (this.#pending.length === 0 && this.#next === null) return this.#last;
    this.#next ??= this.#last.catch(() => undefined).then(() => this.#write());
    return this.#next;
  }

  async close(): Promise<void> {
    try {
      await this.sync();
    } finally {
      await this.#handle.close();
    }
  }

  async #write(): Promise<void> {
    this.#last = this.#next ?? this.#last;
    this.#next = null;
    const batch = this.#pending;
    this.#pending = [];
    // After a failed write the end of the file is unknown: a record behind it might never be read again.
    if (this.#failure !== null) throw this.#failure;
    try {
      await this.#handle.appendFile(Buffer.concat(batch));
      await this.#handle.datasync();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `Could not write the round's log ${this.#file}: ${why}`;
      this.#failure = new CoordinatorError('store-failed', message, { cause });
      throw this.#failure;
    }
  }
}
