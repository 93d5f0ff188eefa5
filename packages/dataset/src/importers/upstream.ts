import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { DatasetError } from '../errors.ts';
import { openTable, requireColumn, type TableChunk, type Wanted } from '../table/table.ts';

/**
 * Finds a dataset's files by their upstream names, plain or gzip-compressed. A wrong path is answered with what was
 * expected there and what lies there instead.
 */
export async function findUpstreamFiles<Name extends string>(
  dataset: string,
  folder: string,
  expected: readonly Name[],
): Promise<Record<Name, string>> {
  const present = await listFolder(folder);
  const found: [Name, string][] = [];
  for (const name of expected) {
    const file = present?.find((entry) => entry === name || entry === `${name}.gz`);
    if (file !== undefined) found.push([name, join(resolve(folder), file)]);
  }
  if (found.length < expected.length) {
    const wanted = expected.map((name) => `${name} (or ${name}.gz)`).join(', ');
    const there =
      present === null
        ? 'There is no such folder'
        : present.length === 0
          ? 'The folder is empty'
          : `The folder holds ${present.slice(0, 12).join(', ')}${present.length > 12 ? ', ...' : ''}`;
    throw new DatasetError(
      'layout-unknown',
      `this is not the ${dataset} dataset, which consists of ${wanted}`,
      { file: resolve(folder) },
      there,
    );
  }
  return Object.fromEntries(found) as Record<Name, string>;
}

async function listFolder(folder: string): Promise<string[] | null> {
  const found = await stat(folder).catch(() => null);
  return found?.isDirectory() === true ? (await readdir(folder)).sort() : null;
}

/** Reads the named columns of an upstream file, one row of text cells (null where empty) at a time. */
export async function* upstreamRows<Column extends string>(
  path: string,
  columns: readonly Column[],
  times: readonly Column[] = [],
): AsyncIterable<UpstreamChunk<Column>> {
  const label = path.split(/[\\/]/).at(-1) ?? path;
  const table = await openTable(path, { label, skipMalformed: false });
  try {
    for (const column of columns) requireColumn(table, column, label, 'a column of the upstream layout');
    const wanted = columns.map((column): Wanted => ({ column, as: times.includes(column) ? 'time' : 'text' }));
    for await (const chunk of table.scan(wanted)) yield new UpstreamChunk(columns, chunk);
  } finally {
    table.close();
  }
}

/** Rows of an upstream file, read cell by cell. */
export class UpstreamChunk<Column extends string> {
  readonly rows: number;
  readonly #cells: ReadonlyMap<Column, TableChunk['columns'][number]>;

  constructor(columns: readonly Column[], chunk: TableChunk) {
    this.rows = chunk.rows;
    this.#cells = new Map(columns.map((column, at) => [column, chunk.columns[at] ?? []]));
  }

  /** Trimmed text, '' where the cell is empty. */
  text(column: Column, row: number): string {
    const cell = this.#cells.get(column)?.[row];
    return typeof cell === 'string' ? cell.trim() : '';
  }

  /** A number, null where the cell holds none. */
  number(column: Column, row: number): number | null {
    const cell = this.#cells.get(column)?.[row];
    if (typeof cell === 'number') return Number.isFinite(cell) ? cell : null;
    const text = this.text(column, row);
    const value = text === '' ? Number.NaN : Number(text);
    return Number.isFinite(value) ? value : null;
  }
}
