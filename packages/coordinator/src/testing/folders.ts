import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach } from 'vitest';

const folders: string[] = [];

afterEach(async () => {
  const removed = folders.splice(0);
  await Promise.all(removed.map((folder) => rm(folder, { recursive: true, force: true })));
});

/** A new folder, gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'noren-coordinator-'));
  folders.push(folder);
  return folder;
}
