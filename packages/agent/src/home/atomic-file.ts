import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** What is in parts is written part by part, so that nothing large is copied. */
type Content = Uint8Array | string | readonly Uint8Array[];

/**
 * Replaces `file` with `content`; after kill -9 at any instant it holds the old or the new content in full.
 * The folder is made when it is missing. Mode 0600: everything in a home belongs to its agent alone.
 */
export async function writeAtomically(file: string, content: Content): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // In the same folder, because rename is atomic only inside one file system.
  const temporary = join(folder, `.${basename(file)}.${randomBytes(6).toString('hex')}`);
  try {
    await writeDurably(temporary, content);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** A new file (an existing one is an error), on disk when the promise resolves. */
export async function writeDurably(file: string, content: Content): Promise<void> {
  const parts = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
  const handle = await open(file, 'wx', 0o600);
  try {
    // Each goes on where the one before it ended.
    for (const part of parts) await handle.writeFile(part);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes renames and new names in `folder` survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder for syncing and does not need to.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
