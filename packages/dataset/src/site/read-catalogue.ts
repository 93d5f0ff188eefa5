import { dirname, resolve, sep } from 'node:path';

import { DatasetError } from '../errors.ts';
import { imageExists, imageFault } from '../images/decode.ts';
import { inParallel } from '../images/in-parallel.ts';
import type { NoticeKind, ReadingCounts } from '../reading-counts.ts';
import type { CatalogueItem, Progress } from '../retail-data.ts';
import type { Wanted } from '../table/column.ts';
import { openTable, requireColumn } from '../table/table.ts';
import { BadRows } from './bad-rows.ts';
import { LONGEST_TEXT, readCategory, readCurrency, readId, readPrice, readText, type Fault } from './cells.ts';
import type { SiteSource } from './source.ts';

const MOST_ITEMS = 2_000_000;

export interface CatalogueReading {
  readonly base: string;
  readonly images: 'decode' | 'exists';
  readonly counts: ReadingCounts;
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
export async function readCatalogue(source: SiteSource, o: CatalogueReading): Promise<CatalogueItem[]> {
  const { file } = source.catalogue;
  const bad = new BadRows<NoticeKind>(file, source.badRows, (kind, reason) => o.counts.notice(kind, reason));
  const rows = await readRows(source, o, bad);
  const items = await checkImages(rows, source.catalogue, o, bad);
  bad.finish();
  if (items.length === 0)
    throw new DatasetError('no-items', 'no item could be read', { file }, 'The catalogue needs at least one row');
  return items;
}

async function readRows(source: SiteSource, o: CatalogueReading, bad: BadRows<NoticeKind>): Promise<Row[]> {
  const { file, columns } = source.catalogue;
  const isDropping = source.badRows === 'drop';
  const table = await openTable(resolve(o.base, file), { label: file, skipMalformed: isDropping });
  try {
    const wanted = wantedCells(columns);
    for (const { meaning, ...cell } of wanted) requireColumn(table, cell, file, `catalogue.columns.${meaning}`);
    const rowOf = rowReader(source, o, bad);
    const rows: Row[] = [];
    for await (const chunk of table.scan(wanted)) {
      for (let i = 0; i < chunk.rows; i++) {
        const cells = new Map(wanted.map(({ column }, at) => [column, chunk.columns[at]?.[i]]));
        const row = rowOf(chunk.firstRow + i, cells);
        if (row !== null) rows.push(row);
      }
      if (rows.length > MOST_ITEMS) throw tooMany(file);
    }
    if (isDropping) {
      const malformed = await table.malformedRows();
      o.counts.notice('item-left-out', `${file}: not cut into columns (row left out)`, malformed);
    }
    return rows;
  } finally {
    table.close();
  }
}

/** One for each column; a column of several meanings is read by the strictest of them. */
function wantedCells(columns: SiteSource['catalogue']['columns']): (Wanted & { readonly meaning: string })[] {
  const { item, text, image, price, regularPrice, currency, category } = columns;
  const kinds: [string | undefined, Wanted['as'], string][] = [
    [item, 'id', 'item'],
    [price, 'number', 'price'],
    [regularPrice, 'number', 'regularPrice'],
    [image, 'text', 'image'],
    [currency, 'text', 'currency'],
    [category, 'text', 'category'],
    ...text.map((one): [string, Wanted['as'], string] => [one, 'text', 'text']),
  ];
  const wanted = new Map<string, Wanted & { readonly meaning: string }>();
  for (const [column, as, meaning] of kinds)
    if (column !== undefined && !wanted.has(column)) wanted.set(column, { column, as, meaning });
  return [...wanted.values()];
}

/** Makes items of rows; null for a row that must be left out. */
function rowReader(
  source: SiteSource,
  { base, counts }: CatalogueReading,
  bad: BadRows<NoticeKind>,
): (number: number, cells: Cells) => Row | null {
  const { item, text, image, category } = source.catalogue.columns;
  const imageFolder = imageFolderOf(source.catalogue, base);
  const seen = new Set<string>();
  return (number, cells) => {
    const found = readId(cells.get(item));
    if (!('id' in found)) {
      bad.add({ ...found, kind: 'item-left-out', row: number, column: item, consequence: 'row left out' });
      return null;
    }
    const place = { row: number, item: found.id };
    if (seen.has(found.id)) {
      const what = 'the item occurs more than once in the catalogue';
      const fault = { code: 'item-duplicate', kind: 'item-left-out', what } as const;
      bad.add({ ...fault, ...place, column: item, consequence: 'row left out' });
      return null;
    }
    seen.add(found.id);
    const described = joinTexts(text.map((column) => cells.get(column)));
    if (described.length > LONGEST_TEXT) {
      const what = `the text is longer than ${LONGEST_TEXT} characters`;
      const fault = { code: 'value-too-long', kind: 'item-text-cut', what } as const;
      bad.add({ ...fault, ...place, column: text[0] ?? item, consequence: 'text cut' });
    }
    const kind = category === undefined ? '' : readCategory(cells.get(category));
    return {
      number,
      item: {
        id: found.id,
        text: described.slice(0, LONGEST_TEXT),
        imagePath: image === undefined ? null : imagePathOf(cells.get(image), imageFolder),
        ...priceOf(
          source,
          cells,
          (column, fault) =>
            bad.add({ ...fault, kind: 'item-without-price', ...place, column, consequence: 'item kept without price' }),
          counts,
        ),
        ...(kind === '' ? {} : { category: kind }),
      },
    };
  };
}

type Cells = ReadonlyMap<string, unknown>;

/** A bad price or currency costs the item its price. */
function priceOf(
  { catalogue: { file, columns }, currency: usual }: SiteSource,
  cells: Cells,
  onBad: (column: string, fault: Fault) => void,
  counts: ReadingCounts,
): Pick<CatalogueItem, 'price' | 'currency'> {
  const read = (column: string | undefined): number | null => {
    const priced = column === undefined ? { price: null } : readPrice(cells.get(column));
    if ('price' in priced) return priced.price;
    onBad(column ?? '', priced);
    return null;
  };
  const regular = read(columns.regularPrice);
  const now = read(columns.price);
  if (regular !== null && now !== null && now > regular)
    counts.notice('price-above-regular', `${file}: the price is above the regular price (the regular one taken)`);
  const coded = readCurrency(columns.currency === undefined ? null : cells.get(columns.currency), usual);
  if (!('currency' in coded)) {
    onBad(columns.currency ?? '', coded);
    return { price: null };
  }
  return { price: regular ?? now, ...(coded.currency === undefined ? {} : { currency: coded.currency }) };
}

const IMAGE_FAULTS = {
  missing: { code: 'image-missing', kind: 'item-without-image', what: 'the image file does not exist' },
  corrupt: { code: 'image-corrupt', kind: 'item-without-image', what: 'the image cannot be decoded' },
  outside: { code: 'image-missing', kind: 'item-without-image', what: 'the image lies outside the image folder' },
} as const;

async function checkImages(
  rows: readonly Row[],
  source: SiteSource['catalogue'],
  o: CatalogueReading,
  bad: BadRows<NoticeKind>,
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
  const path = readText(cell);
  return path === '' ? null : resolve(folder, path);
}

function joinTexts(cells: readonly unknown[]): string {
  return cells
    .map(readText)
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
