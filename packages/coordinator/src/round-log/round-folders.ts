import { access, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { RoundId } from '@noren/protocol';

import type { RoundLogRecord } from './log-record.ts';
import { RoundLogFile } from './round-log-file.ts';
import type { RoundLog } from './round-log-file.ts';
import { syncFolder } from '../disk/sync-folder.ts';
import { UploadSpool } from './upload-spool.ts';

/** What a running round has on disk beside its facts in the event log. */
export interface RoundFiles {
  readonly log: RoundLog;
  readonly spool: UploadSpool;
}

/** Where running rounds keep what a restart needs. It is gone when a round has ended. */
export interface RoundStorage {
  /** A new round's files. */
  begin(round: RoundId): Promise<RoundFiles>;
  /** The files that a restart finds, with all that was on disk; null, and nothing left of it, without a log. */
  reopen(round: RoundId): Promise<(RoundFiles & { readonly records: readonly RoundLogRecord[] }) | null>;
  /** Closes and removes the files of a round that has ended. */
  end(round: RoundId, files: RoundFiles): Promise<void>;
  /** Closes the files of a round that a later start goes on with. */
  suspend(files: RoundFiles): Promise<void>;
}

const LOG = 'log';
const UPLOADS = 'uploads';

/**
 * `rounds/<round>/log` and `rounds/<round>/uploads/`, readable by the owner only. They hold what the coordinator has been
 * told and nothing it has worked out: masked vectors and single shares, never a secret that shares add up to.
 */
export class RoundFolders implements RoundStorage {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Creates the folder, and clears what ended rounds have left behind: all but `running`. */
  static async open(folder: string, running: RoundId | null): Promise<RoundFolders> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const ended = (await readdir(folder)).filter((name) => name !== running);
    await Promise.all(ended.map((name) => rm(join(folder, name), { recursive: true, force: true })));
    return new RoundFolders(folder);
  }

  async begin(round: RoundId): Promise<RoundFiles> {
    const folder = join(this.#folder, round);
    const uploads = join(folder, UPLOADS);
    await mkdir(uploads, { recursive: true, mode: 0o700 });
    const log = await RoundLogFile.create(join(folder, LOG));
    for (const changed of [folder, this.#folder, dirname(this.#folder)]) await syncFolder(changed);
    return { log, spool: new UploadSpool(uploads) };
  }

  async reopen(round: RoundId): Promise<(RoundFiles & { readonly records: readonly RoundLogRecord[] }) | null> {
    const folder = join(this.#folder, round);
    const file = join(folder, LOG);
    const there = await access(file).then(
      () => true,
      () => false,
    );
    if (there) return { ...(await RoundLogFile.reopen(file)), spool: new UploadSpool(join(folder, UPLOADS)) };
    await rm(folder, { recursive: true, force: true });
    return null;
  }

  async end(round: RoundId, files: RoundFiles): Promise<void> {
    // What is removed need not be written to its end.
    await this.suspend(files).catch(() => undefined);
    await rm(join(this.#folder, round), { recursive: true, force: true });
  }

  async suspend({ log, spool }: RoundFiles): Promise<void> {
    // Both are closed whatever becomes of the other.
    const closed = await Promise.allSettled([log.close(), spool.close()]);
    for (const result of closed) if (result.status === 'rejected') throw result.reason;
  }
}
