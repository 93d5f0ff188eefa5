import { open, readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import { DatasetError } from '../../errors.ts';
import type { Progress } from '../../retail-data.ts';
import type { PrecomputedSource } from '../feature-source.ts';
import type { Modality } from '../featuriser.ts';
import { LARGEST_ITEM_LIST, readItemOrder } from './item-order.ts';
import { matrixLayout, readAt, type MatrixLayout } from './matrix-layout.ts';
import { decodeNumbers, NUMBER_BYTES } from './number-format.ts';

const MOST_ROWS = 10_000_000;
/** Most numbers kept in memory, 4 GiB. */
const MOST_NUMBERS = 2 ** 30;
const CHUNK_BYTES = 4 * 2 ** 20;

export interface FeatureReading {
  /** The folder that relative paths start from. */
  readonly base: string;
  /** Ids of the catalogue's items, in its order. */
  readonly items: readonly string[];
  readonly onProgress: Progress;
}

/**
 * Reads features that were computed elsewhere, in the catalogue's order and as they are. An item without a row, or
 * whose row is all zeros, lacks the modality; rows of items that the catalogue does not hold are passed over.
 * Throws DatasetError `features-invalid` for a file that does not fit, or holds a number that is not finite.
 */
export async function readFeatures(source: PrecomputedSource, o: FeatureReading): Promise<Modality> {
  const file = await open(resolve(o.base, source.file), 'r').catch((error: unknown) => {
    throw unreadable(source.file, error);
  });
  try {
    const layout = await matrixLayout(file, (await file.stat()).size, source);
    checkSize(layout, source, o.items.length);
    const { rows, dimension, number, start } = layout;
    const places = await rowPlaces(layout, source, o);
    const data = new Float32Array(o.items.length * dimension);
    const present = new Uint8Array(o.items.length);
    const rowBytes = dimension * NUMBER_BYTES[number.kind];
    const chunk = Math.max(1, Math.floor(CHUNK_BYTES / rowBytes));
    const numbers = new Float32Array(chunk * dimension);
    for (let first = 0; first < rows; first += chunk) {
      const count = Math.min(chunk, rows - first);
      const bytes = await readAt(file, start + first * rowBytes, count * rowBytes);
      decodeNumbers(bytes, number, numbers.subarray(0, count * dimension));
      for (let at = 0; at < count; at++) {
        const row = numbers.subarray(at * dimension, (at + 1) * dimension);
        if (!row.every(Number.isFinite))
          throw new Error(`row ${first + at} (from 0) holds a number that is not finite`);
        const item = places[first + at] ?? -1;
        if (item < 0 || row.every((value) => value === 0)) continue;
        data.set(row, item * dimension);
        present[item] = 1;
      }
      o.onProgress(first + count, rows, 'reading features');
    }
    return { dimension, data, present };
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw invalid(error instanceof Error ? error.message : 'it cannot be read', source.file, error);
  } finally {
    await file.close();
  }
}

function checkSize({ rows, dimension }: MatrixLayout, source: PrecomputedSource, items: number): void {
  if (source.dimension !== undefined && dimension !== source.dimension)
    throw new Error(`its rows are ${dimension} wide where the mapping says ${source.dimension}`);
  if (rows > MOST_ROWS || items * dimension > MOST_NUMBERS)
    throw new DatasetError(
      'too-large',
      `${rows} rows of ${dimension} numbers for ${items} items are more than fits`,
      { file: source.file },
      'Use narrower features, or leave out items that are no longer sold',
    );
}

/** For every row the place of its item in the catalogue, -1 for an item that it does not hold. */
async function rowPlaces({ rows }: MatrixLayout, source: PrecomputedSource, o: FeatureReading): Promise<Int32Array> {
  if (source.items === undefined) {
    if (rows !== o.items.length)
      throw new Error(
        `it has ${rows} rows, the catalogue ${o.items.length} items; say with "items" which row is whose`,
      );
    return Int32Array.from({ length: rows }, (_, row) => row);
  }
  const ids = readItemOrder(await readItemList(resolve(o.base, source.items), source.items), rows, source.items);
  const numbers = new Map(o.items.map((id, number) => [id, number]));
  const places = Int32Array.from(ids, (id) => numbers.get(id) ?? -1);
  if (places.every((place) => place < 0))
    throw new Error(
      `none of its rows belongs to an item of the catalogue; "${source.items}" may use other identifiers`,
    );
  return places;
}

async function readItemList(path: string, label: string): Promise<string> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(label, error);
  });
  if (found.size > LARGEST_ITEM_LIST)
    throw new DatasetError('too-large', `it is larger than ${LARGEST_ITEM_LIST} bytes`, { file: label }, 'Shorten it');
  const bytes = await readFile(path).catch((error: unknown) => {
    throw unreadable(label, error);
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new DatasetError('file-unreadable', 'the text is not UTF-8', { file: label }, 'Save it as UTF-8', error);
  }
}

function unreadable(file: string, error: unknown): DatasetError {
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  return new DatasetError(
    isMissing ? 'file-missing' : 'file-unreadable',
    isMissing ? 'the file does not exist' : 'the file cannot be read',
    { file },
    'Check the path in the mapping and who may read the file',
    error,
  );
}

function invalid(what: string, file: string, cause: unknown): DatasetError {
  return new DatasetError(
    'features-invalid',
    what,
    { file },
    'Write the features again, or correct the mapping',
    cause,
  );
}
