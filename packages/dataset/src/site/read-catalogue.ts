import { dirname, resolve, sep } from 'node:path';

import { DatasetError } from '../errors.ts';
import { imageExists, imageFault } from '../images/decode.ts';
import { inParallel } from '../images/in-parallel.ts';
import type { CatalogueItem, Progress } from '../retail-data.ts';
import type { DroppedRows } from '../report.ts';
import { openTable, requireColumn, type Wanted } from '../table/table.ts';
import { BadRows } from './bad-rows.ts';
import { LONGEST_TEXT, readId, readPrice } from './cells.ts';
import type { SiteSource } from './source.ts';

const MOST_ITEMS = 2_000_000;

export interface CatalogueReading {
  readonly base: string;
  readonly badRows: SiteSource['badRows'];
  readonly images: 'decode' | 'exists';
  readonly dropped: DroppedRows;
  readonly onProgress: Progress;
}

interface Row {
  readonly number: number;
  readonly item: CatalogueItem;
}

/**
 * Reads a catalogue. Under `drop`, a row without an identifier or with one already seen is left out, and a bad price
 * or image costs the item that modality only.
 */
export async function readCatalogue(source: SiteSource['catalogue'], o: CatalogueReading): Promise<CatalogueItem[]> {
  const bad = new BadRows(source.file, o.badRows, o.dropped);
  const rows = await readRows(source, o, bad);
  const items = await checkImages(rows, source, o, bad);
  bad.finish();
  if (items.length === 0)
    throw new DatasetError(
      'no-items',
      'no item could be read',
      { file: source.file },
      'The catalogue needs at least one row',
    );
  return items;
}

async function readRows(source: SiteSource['catalogue'], o: CatalogueReading, bad: BadRows): Promise<Row[]> {
  const table = await openTable(resolve(o.base, source.file), {
    label: source.file,
    skipMalformed: o.badRows === 'drop',
  });
  try {
    const { item, text, image, price } = source.columns;
    requireColumn(table, item, source.file, 'catalogue.columns.item');
    for (const column of text) requireColumn(table, column, source.file, 'catalogue.columns.text');
    if (image !== undefined) requireColumn(table, image, source.file, 'catalogue.columns.image');
    if (price !== undefined) requireColumn(table, price, source.file, 'catalogue.columns.price');
    const wanted = [...new Set([item, ...text, image, price].filter((column) => column !== undefined))];
    const rowOf = rowReader(source, imageFolderOf(source, o.base), bad);
    const rows: Row[] = [];
    for await (const chunk of table.scan(wanted.map((column): Wanted => ({ column, as: 'text' })))) {
      for (let i = 0; i < chunk.rows; i++) {
        const cells = new Map(wanted.map((column, at) => [column, chunk.columns[at]?.[i]]));
        const row = rowOf(chunk.firstRow + i, cells);
        if (row !== null) rows.push(row);
      }
      if (rows.length > MOST_ITEMS) throw tooMany(source.file);
    }
    if (o.badRows === 'drop')
      o.dropped.add(`${source.file}: not cut into columns (row left out)`, await table.malformedRows());
    return rows;
  } finally {
    table.close();
  }
}

/** Makes items of rows; null for a row that must be left out. */
function rowReader(
  source: SiteSource['catalogue'],
  imageFolder: string,
  bad: BadRows,
): (number: number, cells: ReadonlyMap<string, unknown>) => Row | null {
  const { item, text, image, price } = source.columns;
  const seen = new Set<string>();
  return (number, cells) => {
    const found = readId(cells.get(item));
    if (!('id' in found)) {
      bad.add({ ...found, row: number, column: item, consequence: 'row left out' });
      return null;
    }
    const place = { row: number, item: found.id };
    if (seen.has(found.id)) {
      const what = 'the item occurs more than once in the catalogue';
      bad.add({ code: 'item-duplicate', what, ...place, column: item, consequence: 'row left out' });
      return null;
    }
    seen.add(found.id);
    const described = joinTexts(text.map((column) => cells.get(column)));
    if (described.length > LONGEST_TEXT) {
      const what = `the text is longer than ${LONGEST_TEXT} characters`;
      bad.add({ code: 'value-too-long', what, ...place, column: text[0] ?? item, consequence: 'text cut' });
    }
    const priced = readPrice(price === undefined ? null : cells.get(price));
    if (!('price' in priced))
      bad.add({ ...priced, ...place, column: price ?? item, consequence: 'item kept without price' });
    return {
      number,
      item: {
        id: found.id,
        text: described.slice(0, LONGEST_TEXT),
        imagePath: image === undefined ? null : imagePathOf(cells.get(image), imageFolder),
        price: 'price' in priced ? priced.price : null,
      },
    };
  };
}

const IMAGE_FAULTS = {
  missing: { code: 'image-missing', what: 'the image file does not exist' },
  corrupt: { code: 'image-corrupt', what: 'the image cannot be decoded' },
  outside: { code: 'image-missing', what: 'the image lies outside the image folder' },
} as const;

async function checkImages(
  rows: readonly Row[],
  source: SiteSource['catalogue'],
  o: CatalogueReading,
  bad: BadRows,
): Promise<CatalogueItem[]> {
  const withImage = rows.flatMap(({ item }, at) => (item.imagePath === null ? [] : [{ at, path: item.imagePath }]));
  const imageFolder = imageFolderOf(source, o.base);
  const faults = new Map<number, keyof typeof IMAGE_FAULTS>();
  let done = 0;
  await inParallel(withImage.length, async (index) => {
    const image = withImage[index];
    if (image === undefined) return;
    const fault = await faultOf(image.path, imageFolder, o.images);
    if (fault !== null) faults.set(image.at, fault);
    done++;
    if (done % 256 === 0 || done === withImage.length) o.onProgress(done, withImage.length, 'checking images');
  });
  return rows.map(({ number, item }, at) => {
    const fault = faults.get(at);
    if (fault === undefined) return item;
    const column = source.columns.image ?? source.columns.item;
    bad.add({ ...IMAGE_FAULTS[fault], row: number, item: item.id, column, consequence: 'item kept without image' });
    return { ...item, imagePath: null };
  });
}

async function faultOf(
  path: string,
  folder: string,
  check: CatalogueReading['images'],
): Promise<keyof typeof IMAGE_FAULTS | null> {
  // A catalogue that names "../../etc/passwd" must not make this program read it.
  if (!path.startsWith(folder.endsWith(sep) ? folder : folder + sep)) return 'outside';
  if (check === 'decode') return imageFault(path);
  return (await imageExists(path)) ? null : 'missing';
}

function imageFolderOf(source: SiteSource['catalogue'], base: string): string {
  return resolve(base, source.imageFolder ?? dirname(source.file));
}

function imagePathOf(cell: unknown, folder: string): string | null {
  const path = typeof cell === 'string' ? cell.trim() : '';
  return path === '' ? null : resolve(folder, path);
}

function joinTexts(cells: readonly unknown[]): string {
  return cells
    .map((cell) => (typeof cell === 'string' ? cell.trim() : ''))
    .filter((cell) => cell !== '')
    .join('. ');
}

function tooMany(file: string): DatasetError {
  return new DatasetError(
    'too-large',
    `the catalogue has more than ${MOST_ITEMS} items`,
    { file },
    'Leave out items that are no longer sold',
  );
}
