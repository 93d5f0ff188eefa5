import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { CoordinatorError } from '../coordinator-error.ts';
import { syncFolder } from '../disk/sync-folder.ts';

/** Where the secrets are kept that the noise of trees comes from. */
export interface NoiseKeys {
  /** Draws the name and the secret of a new tree, on disk when it resolves, and forgets those of the trees before. */
  begin(): Promise<string>;
  has(tree: string): Promise<boolean>;
  /** 32 bytes. Throws CoordinatorError `noise-key-missing`. */
  key(tree: string): Promise<Uint8Array>;
}

const KEY_BYTES = 32;
/** 32 hexadecimal digits, as a plan names a tree. */
const NAME_BYTES = 16;

/**
 * `noise/<tree>`, readable by the owner only: whoever has it can take the noise out of every sum of the tree. So it is in no
 * event, blob or message, and gone when the next tree begins.
 */
export class NoiseKeyFolder implements NoiseKeys {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<NoiseKeyFolder> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await syncFolder(dirname(folder));
    return new NoiseKeyFolder(folder);
  }

  async begin(): Promise<string> {
    const tree = randomBytes(NAME_BYTES).toString('hex');
    const before = await readdir(this.#folder);
    const file = await open(join(this.#folder, tree), 'wx', 0o600);
    try {
      await file.writeFile(randomBytes(KEY_BYTES));
      await file.sync();
    } finally {
      await file.close();
    }
    for (const name of before) await rm(join(this.#folder, name), { force: true });
    await syncFolder(this.#folder);
    return tree;
  }

  async has(tree: string): Promise<boolean> {
    return (await this.#read(tree)) !== null;
  }

  async key(tree: string): Promise<Uint8Array> {
    const key = await this.#read(tree);
    if (key !== null) return key;
    const message =
      'The secret of the noise that the rounds share is not there: the next round begins with other noise.';
    throw new CoordinatorError('noise-key-missing', message);
  }

  /** Null also for a file that is not whole. */
  async #read(tree: string): Promise<Uint8Array | null> {
    const bytes = await readFile(join(this.#folder, tree)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    return bytes?.length === KEY_BYTES ? new Uint8Array(bytes) : null;
  }
}
