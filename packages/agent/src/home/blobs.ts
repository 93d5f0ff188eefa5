import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../ledger/chain.ts';
import { readBytes } from './read-bytes.ts';
import { writeAtomically } from './atomic-file.ts';

/** A file and where it lies. */
export interface Blob {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Files fetched from the coordinator, named by their SHA-256 (lower-case hex). A cache: losing it costs a download. */
export class BlobFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The file, from disk or by `fetch`. A file that no longer matches its name is fetched again. */
  async get(hash: string, fetch: () => Promise<Uint8Array>): Promise<Blob> {
    const path = join(this.#folder, hash);
    const kept = await readBytes(path).catch(() => null);
    if (kept !== null && sha256(kept) === hash) return { path, bytes: kept };
    const bytes = await fetch();
    await writeAtomically(path, bytes);
    return { path, bytes };
  }

  path(hash: string): string {
    return join(this.#folder, hash);
  }

  /** Removes every file but these. */
  async keepOnly(hashes: readonly string[]): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    const superfluous = names.filter((name) => !hashes.includes(name));
    await Promise.all(superfluous.map((name) => rm(join(this.#folder, name), { force: true })));
  }
}
