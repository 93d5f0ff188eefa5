import { isAbsolute, join } from 'node:path';

import { modelFiles } from '../features/model/model-folder.ts';
import type { SiteSource } from './source.ts';

/**
 * Paths of the files that a site's data and features are read from, images not among them: when one of them changes,
 * what was read is out of date. `base` is the folder that relative paths start from.
 */
export function sourceFiles({ catalogue, interactions, features }: SiteSource, base: string): string[] {
  const files = [catalogue.file, interactions.file];
  for (const source of [features?.text, features?.image]) {
    if (source?.kind === 'precomputed') files.push(source.file, ...(source.items === undefined ? [] : [source.items]));
    if (source?.kind === 'model') files.push(...modelFiles(source, base));
  }
  return files.map((file) => (isAbsolute(file) ? file : join(base, file)));
}
