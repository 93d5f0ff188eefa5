import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join, resolve } from 'node:path';

/** Where a real dataset lies, if this machine has it: NOREN_TEST_DATA, or ../shared/data beside the repository. */
export function realData(name: string): { folder: string; isMissing: boolean } {
  const repository = fileURLToPath(new URL('../../../../', import.meta.url));
  const folder = join(resolve(repository, process.env['NOREN_TEST_DATA'] ?? '../shared/data'), name);
  return { folder, isMissing: !existsSync(folder) };
}
