import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { DatasetError } from '../errors.ts';

/** Names of what lies in a folder, sorted; null where it is no folder. */
export async function listFolder(folder: string): Promise<string[] | null> {
  const found = await stat(folder).catch(() => null);
  return found?.isDirectory() === true ? (await readdir(folder)).sort() : null;
}

/** Files in a folder and in the folders right below it, as paths relative to it, sorted; null where it is no folder. */
export async function listTwoLevels(folder: string): Promise<string[] | null> {
  const here = await listFolder(folder);
  if (here === null) return null;
  const below = await Promise.all(
    here.map(async (name) => (await listFolder(join(folder, name)))?.map((inner) => join(name, inner)) ?? [name]),
  );
  return below.flat();
}

/** A wrong folder is answered with what was expected there and what lies there instead. */
export function wrongFolder(
  dataset: string,
  folder: string,
  wanted: string,
  present: readonly string[] | null,
): DatasetError {
  const there =
    present === null
      ? 'There is no such folder'
      : present.length === 0
        ? 'The folder is empty'
        : `The folder holds ${present.slice(0, 12).join(', ')}${present.length > 12 ? ', ...' : ''}`;
  return new DatasetError(
    'layout-unknown',
    `this is not the ${dataset} dataset, which consists of ${wanted}`,
    { file: resolve(folder) },
    there,
  );
}
