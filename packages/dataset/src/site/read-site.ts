import { DatasetError } from '../errors.ts';
import { checkSources } from '../features/check-sources.ts';
import { keepCore } from '../k-core.ts';
import { ReadingCounts } from '../reading-counts.ts';
import { reportOf } from '../report.ts';
import type { CatalogueItem, Progress, RetailData } from '../retail-data.ts';
import { readCatalogue } from './read-catalogue.ts';
import { readInteractions } from './read-interactions.ts';
import { siteSourceSchema, type SiteSource, type SiteSourceInput } from './source.ts';

export interface ReadSiteOptions {
  /**
   * `decode` (default) decodes every image once, about 3 ms each: a corrupt one is found here and not in the middle
   * of a round; so does it open the models that make features. `exists` only looks whether the files are there.
   */
  readonly images?: 'decode' | 'exists';
  readonly onProgress?: Progress;
}

/**
 * Reads a site's own files as its mapping says. `base` is the folder that relative paths start from.
 *
 * Throws a DatasetError naming file, row and column for the first thing that is wrong. An empty price, image or text
 * is a missing modality and normal. Interactions naming items outside the catalogue are counted and dropped.
 */
export async function readSite(
  source: SiteSource | SiteSourceInput,
  base: string,
  o: ReadSiteOptions = {},
): Promise<RetailData> {
  const mapping = parseSource(source);
  const counts = new ReadingCounts();
  const onProgress = o.onProgress ?? ((): void => undefined);
  const listed = await readCatalogue(mapping, { base, counts, images: o.images ?? 'decode', onProgress });
  const { log, rowsRead, paid } = await readInteractions(mapping, { base, counts, catalogue: listed, onProgress });
  const catalogue = listed.map((item, number) => (item.price === null ? withPrice(item, paid.median(number)) : item));
  const logged = log.sequences({ repeats: mapping.repeats, minimumSequence: mapping.minimumSequence }, counts);
  const sequences = mapping.minimumItemPurchases > 1 ? keepCore(logged, mapping, counts) : logged;
  if (sequences.customers.length === 0)
    throw new DatasetError(
      'no-interactions',
      `no customer has ${mapping.minimumSequence} interactions or more (${rowsRead} rows read)`,
      { file: mapping.interactions.file },
      'Export a longer period, or lower minimumSequence or minimumItemPurchases',
    );
  const withoutFeatures = await checkSources(mapping.features ?? {}, catalogue, {
    base,
    onProgress,
    tryModels: o.images !== 'exists',
  });
  return {
    catalogue,
    sequences,
    report: { ...reportOf({ catalogue, sequences, rowsRead, counts }), ...withoutFeatures },
  };
}

function withPrice(item: CatalogueItem, price: number | null): CatalogueItem {
  return { ...item, price };
}

function parseSource(source: unknown): SiteSource {
  const parsed = siteSourceSchema.safeParse(source);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'mapping'}: ${issue.message}`);
  throw new DatasetError(
    'mapping-invalid',
    `the description of the site's files is not valid: ${issues.slice(0, 5).join('; ')}`,
    {},
    'Correct these fields',
  );
}
