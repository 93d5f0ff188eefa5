import { access, constants, stat } from 'node:fs/promises';

import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';

import { DatasetError } from '../errors.ts';
import { closestName } from './closest-name.ts';
import { cellExpression, isList, typeFault, type Column, type Wanted } from './column.ts';
import { readCsvHeader } from './csv-header.ts';

/** A run of rows; `columns` in the order they were asked for. */
export interface TableChunk {
  /** Number of the chunk's first row, from 1. */
  readonly firstRow: number;
  readonly rows: number;
  readonly columns: readonly (readonly DuckDBValue[])[];
}

/** A table lying in a file. Open for one reading, then closed. */
export interface Table {
  readonly columns: readonly Column[];
  /** Rows in the order of the file. */
  scan(wanted: readonly Wanted[]): AsyncIterable<TableChunk>;
  /** Rows that could not be cut into columns and were passed over; known after a scan with `skipMalformed`. */
  malformedRows(): Promise<number>;
  close(): void;
}

export interface TableOptions {
  /** How messages name the file. */
  readonly label: string;
  /** Pass over rows that cannot be cut into columns, and count them. */
  readonly skipMalformed: boolean;
  /**
   * JSON only: the columns to read, all as text (a list as its JSON), absent ones as empty. Without it the whole file is
   * looked through for its columns first.
   */
  readonly jsonColumns?: readonly string[];
}

/**
 * Opens a CSV, TSV, Parquet, JSON or JSON-lines file through DuckDB. The database lives in memory, may touch no other
 * file, loads no extension and cannot be reconfigured: what lies in a site's folder is data, never instructions.
 */
export async function openTable(path: string, o: TableOptions): Promise<Table> {
  await checkReadable(path, o.label);
  const connection = await connect(path);
  try {
    const { columns, scanned } = await describe(connection, path, o);
    return {
      columns,
      scan: (wanted) => scan(connection, selectOf(wanted, columns, scanned), o),
      malformedRows: () => countRejected(connection),
      close: () => connection.closeSync(),
    };
  } catch (error) {
    connection.closeSync();
    throw error;
  }
}

/**
 * Checks that the table has the column and that its type can be what is wanted. If there is no such column, says which
 * there are and which of them was probably meant.
 */
export function requireColumn(table: Table, { column, as }: Wanted, label: string, meaning: string): void {
  const found = table.columns.find(({ name }) => name === column);
  if (found !== undefined) {
    const fault = typeFault(as, found, label, meaning);
    if (fault !== null) throw fault;
    return;
  }
  const names = table.columns.map(({ name }) => name);
  const closest = closestName(column, names);
  const shown = names.slice(0, 40).map((name) => `"${name}"`);
  const more = table.columns.length > 40 ? ` and ${table.columns.length - 40} more` : '';
  throw new DatasetError(
    'column-missing',
    `there is no column "${column}" (${meaning})`,
    { file: label },
    `The file has ${shown.join(', ')}${more}.` +
      (closest === null ? ' Correct the mapping' : ` Did you mean "${closest}"?`),
  );
}

async function checkReadable(path: string, label: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found === null)
    throw new DatasetError('file-missing', 'the file does not exist', { file: label }, `Looked for ${path}`);
  const readable = await access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
  if (!found.isFile() || !readable)
    throw new DatasetError(
      'file-unreadable',
      found.isFile() ? 'the file may not be read by this user' : 'this is a folder, not a file',
      { file: label },
      found.isFile() ? 'Give the user that runs this program permission to read it' : 'Name the file itself',
    );
}

/** What the database may hold of a file at a time: a few row groups of Parquet, or the buffers of two text readers. */
const MEMORY = '512MB';

async function connect(path: string): Promise<DuckDBConnection> {
  // Loaded on first use: whoever only needs types or the mapping's schema does not pay for the database.
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: MEMORY });
  const connection = await instance.connect();
  instance.closeSync();
  for (const setting of [
    // A time without a zone is read as UTC: the same file gives the same times on every machine.
    `SET TimeZone = 'UTC'`,
    `SET preserve_insertion_order = true`,
    // What does not fit into memory is an error, never a copy of customers' data on a disk.
    `SET temp_directory = ''`,
    `SET autoload_known_extensions = false`,
    `SET autoinstall_known_extensions = false`,
    `SET allowed_paths = [${text(path)}]`,
    `SET enable_external_access = false`,
    `SET lock_configuration = true`,
  ])
    await connection.run(setting);
  return connection;
}

interface Described {
  readonly columns: readonly Column[];
  /** The table function to select from. */
  readonly scanned: string;
}

async function describe(connection: DuckDBConnection, path: string, o: TableOptions): Promise<Described> {
  const format = /\.(csv|tsv|txt|parquet|json|jsonl|ndjson)(\.gz)?$/i.exec(path)?.[1]?.toLowerCase();
  switch (format) {
    case 'csv':
    case 'tsv':
    case 'txt': {
      const header = await readCsvHeader(path, o.label);
      // Every column as text: an item number may begin with 0, and a bad price must be reported, not guessed around.
      const columns = header.columns.map((name) => `${text(name)}: 'VARCHAR'`).join(', ');
      const rejects = o.skipMalformed ? ', store_rejects = true, rejects_limit = 0' : '';
      return {
        columns: header.columns.map((name) => ({ name, type: 'VARCHAR' })),
        scanned: `read_csv(${text(path)}, auto_detect = false, header = true, delim = ${text(header.delimiter)}, quote = '"', escape = '"', columns = {${columns}}${rejects})`,
      };
    }
    case 'parquet': {
      const scanned = `read_parquet(${text(path)})`;
      return { columns: await describeColumns(connection, scanned, o.label), scanned };
    }
    case 'json':
    case 'jsonl':
    case 'ndjson': {
      const columns =
        o.jsonColumns?.map((name): Column => ({ name, type: 'VARCHAR' })) ??
        (await describeColumns(connection, `read_json(${text(path)}, sample_size = -1)`, o.label));
      const read = columns.map(({ name, type }) => `${text(name)}: ${isList(type) ? `'VARCHAR[]'` : `'VARCHAR'`}`);
      return { columns: columns.map(asText), scanned: `read_json(${text(path)}, columns = {${read.join(', ')}})` };
    }
    default:
      throw new DatasetError(
        'file-unreadable',
        'the format is not known from the file name',
        { file: o.label },
        'Name it .csv, .tsv, .parquet, .json or .jsonl (the text formats may end in .gz)',
      );
  }
}

/** In JSON a date is written as text, and may as well be meant as text. */
function asText({ name, type }: Column): Column {
  return { name, type: /^(DATE|TIME|UUID)/.test(type) ? 'VARCHAR' : type };
}

async function describeColumns(connection: DuckDBConnection, scanned: string, label: string): Promise<Column[]> {
  try {
    const result = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${scanned}`);
    return result.getRows().map((row) => ({ name: String(row[0]), type: String(row[1]) }));
  } catch (error) {
    throw unreadable(error, label);
  }
}

function selectOf(wanted: readonly Wanted[], columns: readonly Column[], scanned: string): string {
  const cells = wanted.map(({ column, as }) => {
    const type = columns.find(({ name }) => name === column)?.type ?? 'VARCHAR';
    return cellExpression(as, { name: column, type });
  });
  return `SELECT ${cells.join(', ')} FROM ${scanned}`;
}

async function* scan(connection: DuckDBConnection, select: string, o: TableOptions): AsyncIterable<TableChunk> {
  let firstRow = 1;
  try {
    const result = await connection.stream(select);
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      yield { firstRow, rows: chunk.rowCount, columns: chunk.getColumns() };
      firstRow += chunk.rowCount;
    }
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw unreadable(error, o.label);
  }
}

async function countRejected(connection: DuckDBConnection): Promise<number> {
  const tables = await connection.runAndReadAll(`SELECT 1 FROM duckdb_tables() WHERE table_name = 'reject_errors'`);
  if (tables.currentRowCount === 0) return 0;
  const counted = await connection.runAndReadAll('SELECT count(DISTINCT line) FROM reject_errors');
  return Number(counted.getRows()[0]?.[0] ?? 0);
}

/**
 * The database's own message quotes the offending line, and with it customer identifiers: only the line number and
 * the kind of fault are taken over, and the error is not kept as the cause.
 */
function unreadable(error: unknown, label: string): DatasetError {
  const message = error instanceof Error ? error.message : '';
  const line = /(?:Error on Line|in line|at line):? (\d+)/i.exec(message)?.[1];
  const place = { file: label, ...(line === undefined ? {} : { line: Number(line) }) };
  const counts = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message);
  if (counts !== null)
    return new DatasetError(
      'row-malformed',
      `a row has ${counts[2]} columns where ${counts[1]} are expected`,
      place,
      'Put cells that contain the delimiter or a line break in double quotes, or set badRows to "drop"',
    );
  if (/^out of memory/i.test(message))
    return new DatasetError(
      'too-large',
      `a part of the file needs more than ${MEMORY} of memory`,
      place,
      'Save it with smaller row groups (Parquet), or as CSV or JSON lines, which are read line by line',
    );
  if (/unicode|utf-?8/i.test(message))
    return new DatasetError(
      'file-unreadable',
      'the text is not UTF-8',
      place,
      'Save the file again as UTF-8 (in a spreadsheet: "CSV UTF-8")',
    );
  if (/quote/i.test(message))
    return new DatasetError(
      'row-malformed',
      'a quoted cell is not closed properly',
      place,
      'Write a double quote inside a cell twice, or set badRows to "drop"',
    );
  return new DatasetError(
    'file-unreadable',
    'the content does not fit the format of the file name',
    place,
    'Check that the file is complete and of the format that its name says',
  );
}

function text(value: string): string {
  return `'${value.replaceAll(`'`, `''`)}'`;
}
