import { readFile } from 'node:fs/promises';

const LINUX_BOOT_ID = '/proc/sys/kernel/random/boot_id';

/**
 * Names this run of the operating system's kernel: another one after every boot, so also after a disk was put back to an
 * earlier snapshot. Null where the system does not tell (only Linux does, in a file).
 */
export async function readBootId(): Promise<string | null> {
  try {
    const id = (await readFile(LINUX_BOOT_ID, 'utf8')).trim();
    return id === '' ? null : id;
  } catch {
    return null;
  }
}
