import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';

import type { FeatureSources } from '../features/feature-source.ts';
import type { CatalogueItem, FeatureFiles, RetailData, Sequences } from '../retail-data.ts';
import { writeCsv } from './csv.ts';
import type { SiteSource } from './source.ts';

/**
 * Writes `catalogue.csv` and `interactions.csv` into `folder` and returns the mapping with which `readSite` reads them
 * back unchanged (`base` = `folder`). Images and files of features are not copied: the mapping points to where they lie.
 */
export async function writeSite(folder: string, data: RetailData): Promise<SiteSource> {
  await mkdir(folder, { recursive: true });
  const imageFolder = commonFolder(data.catalogue);
  const hasPrices = data.catalogue.some((item) => item.price !== null);
  const hasCategories = data.catalogue.some((item) => item.category !== undefined);
  const currencies = new Set(data.catalogue.flatMap(({ currency }) => (currency === undefined ? [] : [currency])));
  const [usual] = currencies;
  await writeCsv(join(folder, 'catalogue.csv'), CATALOGUE_COLUMNS, catalogueRows(data, imageFolder));
  await writeCsv(join(folder, 'interactions.csv'), ['customer', 'item', 'time'], interactionRows(data));
  return {
    catalogue: {
      file: 'catalogue.csv',
      columns: {
        item: 'item',
        text: ['text'],
        ...(imageFolder === null ? {} : { image: 'image' }),
        ...(hasPrices ? { price: 'price' } : {}),
        ...(hasCategories ? { category: 'category' } : {}),
        ...(currencies.size > 1 ? { currency: 'currency' } : {}),
      },
      ...(imageFolder === null ? {} : { imageFolder: relative(folder, imageFolder) || '.' }),
    },
    interactions: { file: 'interactions.csv', columns: { customer: 'customer', item: 'item', time: 'time' } },
    ...(usual === undefined ? {} : { currency: usual }),
    ...(data.featureFiles === undefined ? {} : { features: await writeFeatures(folder, data.featureFiles) }),
    badRows: 'refuse',
    // The sequences were cleaned when they were first read; reading them again must not change them.
    repeats: 'keep',
    minimumSequence: 1,
    minimumItemPurchases: 1,
  };
}

/** Writes which item each row of features belongs to. Paths are absolute, as those of the features are. */
async function writeFeatures(folder: string, { items, files }: FeatureFiles): Promise<FeatureSources> {
  const list = resolve(folder, 'feature-items.json');
  await writeFile(list, JSON.stringify(items));
  return Object.fromEntries(
    files.map(({ modality, encoder, path, dimension }) => [
      modality,
      { kind: 'precomputed', encoder, file: path, format: 'float32', dimension, items: list },
    ]),
  );
}

const CATALOGUE_COLUMNS = ['item', 'text', 'image', 'price', 'currency', 'category'] as const;

function* catalogueRows(data: RetailData, imageFolder: string | null): Iterable<string[]> {
  for (const { id, text, imagePath, price, currency = '', category = '' } of data.catalogue)
    yield [
      id,
      text,
      imagePath === null || imageFolder === null ? '' : relative(imageFolder, imagePath),
      price === null ? '' : String(price),
      currency,
      category,
    ];
}

function* interactionRows({ catalogue, sequences }: RetailData): Iterable<string[]> {
  for (const [number, customer] of sequences.customers.entries())
    for (const place of places(sequences, number))
      yield [
        customer,
        catalogue[sequences.items[place] ?? -1]?.id ?? '',
        new Date(sequences.times[place] ?? 0).toISOString(),
      ];
}

function* places(sequences: Sequences, customer: number): Iterable<number> {
  const end = sequences.offsets[customer + 1] ?? 0;
  for (let place = sequences.offsets[customer] ?? 0; place < end; place++) yield place;
}

/** The deepest folder that holds every image, null without images. */
function commonFolder(catalogue: readonly CatalogueItem[]): string | null {
  let common: string[] | null = null;
  for (const { imagePath } of catalogue) {
    if (imagePath === null) continue;
    const parts = dirname(resolve(imagePath)).split(sep);
    if (common === null) common = parts;
    const differs = common.findIndex((part, at) => part !== parts[at]);
    if (differs >= 0) common = common.slice(0, differs);
  }
  return common === null ? null : common.join(sep) || sep;
}
