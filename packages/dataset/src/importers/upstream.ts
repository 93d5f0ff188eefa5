import { join, resolve } from 'node:path';

import type { CellKind, Wanted } from '../table/column.ts';
import { openTable, requireColumn, type TableChunk } from '../table/table.ts';
import { listFolder, wrongFolder } from './upstream-folder.ts';

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
  if (found.length < expected.length)
    throw wrongFolder(dataset, folder, expected.map((name) => `${name} (or ${name}.gz)`).join(', '), present);
  return Object.fromEntries(found) as Record<Name, string>;
}

/** Reads the named columns of an upstream file, as text where `kinds` says nothing else. */
export async function* upstreamRows<Column extends string>(
  path: string,
  columns: readonly Column[],
  kinds: Partial<Record<Column, CellKind>> = {},
): AsyncIterable<UpstreamChunk<Column>> {
  const label = path.split(/[\\/]/).at(-1) ?? path;
  const table = await openTable(path, { label, skipMalformed: false, jsonColumns: columns });
  try {
    const wanted = columns.map((column): Wanted => ({ column, as: kinds[column] ?? 'text' }));
    for (const one of wanted) requireColumn(table, one, label, 'a column of the upstream layout');
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
