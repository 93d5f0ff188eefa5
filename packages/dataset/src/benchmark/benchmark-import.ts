import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { SiteSourceInput } from '../site/source.ts';
import type { ImportReply } from './import-process.ts';

const ITEMS = 50_000;
/** Purchases of a customer on average. */
const PURCHASES = 10;
/** Bytes that a site's machine has to have free for 10 million purchases. */
const MEMORY_TARGET = 2 ** 30;
const DEFAULT_ROWS = 10_000_000;
const FORMATS = ['parquet', 'csv'] as const;

export interface ImportBenchmarkRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: number;
  readonly met?: boolean;
}

/**
 * How fast, and in how much memory, a site's purchases are read: a made-up shop of 50,000 items and a tenth as many
 * customers as purchases, from Parquet and from CSV, each in a process of its own. The files are made with DuckDB in a
 * temporary folder (about 60 bytes a purchase) and removed.
 */
export async function benchmarkImport(
  o: { readonly rows?: number; readonly onProgress?: (what: string) => void } = {},
): Promise<{ readonly rows: readonly ImportBenchmarkRow[] }> {
  const purchases = o.rows ?? DEFAULT_ROWS;
  const tell = o.onProgress ?? ((): void => undefined);
  const folder = await mkdtemp(join(tmpdir(), 'noren-bench-import-'));
  try {
    tell('making a shop');
    await makeShop(folder, purchases);
    const rows: ImportBenchmarkRow[] = [];
    for (const format of FORMATS) {
      tell(`reading ${format}`);
      const read = await importApart(folder, `sales.${format}`);
      if (read.rowsRead !== purchases) throw new Error(`${read.rowsRead} of ${purchases} rows were read`);
      rows.push(...(await rowsOf(format, read, join(folder, `sales.${format}`))));
    }
    return { rows };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function rowsOf(format: string, read: ImportReply, file: string): Promise<ImportBenchmarkRow[]> {
  const named = (what: string): string => `${read.rowsRead.toLocaleString('en')} purchases, ${format}: ${what}`;
  const mebibytes = (bytes: number): number => bytes / 2 ** 20;
  return [
    { name: named('file'), value: mebibytes((await stat(file)).size), unit: 'MiB' },
    { name: named('time'), value: read.seconds, unit: 's' },
    // Says on a busy machine what the time does not.
    { name: named('processor time'), value: read.processorSeconds, unit: 's' },
    { name: named('throughput'), value: read.rowsRead / read.seconds, unit: 'rows/s' },
    {
      name: named('peak memory'),
      value: mebibytes(read.peakBytes),
      unit: 'MiB',
      target: mebibytes(MEMORY_TARGET),
      met: read.peakBytes <= MEMORY_TARGET,
    },
  ];
}

async function makeShop(folder: string, purchases: number): Promise<void> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  const customers = Math.max(1, Math.round(purchases / PURCHASES));
  // A popularity that falls off like a shop's, times in order over two years, identifiers with leading zeros.
  const sales = `SELECT
      'member-' || lpad(CAST(hash(i) % ${customers} AS VARCHAR), 9, '0') AS customer,
      lpad(CAST(CAST(floor(pow((hash(i + 1000000007) % 1000003) / 1000003.0, 3) * ${ITEMS}) AS INTEGER) AS VARCHAR), 13, '0') AS item,
      TIMESTAMP '2023-01-01' + INTERVAL 1 SECOND * CAST(floor(i * 63072000.0 / ${purchases}) AS BIGINT) AS time,
      CAST(100 + hash(i + 2000000011) % 20000 AS INTEGER) AS price
    FROM range(${purchases}) r(i)`;
  const catalogue = `SELECT lpad(CAST(i AS VARCHAR), 13, '0') AS item, 'Item ' || i AS name FROM range(${ITEMS}) r(i)`;
  try {
    await connection.run(`COPY (${catalogue}) TO '${sqlText(join(folder, 'catalogue.csv'))}' (HEADER)`);
    for (const format of FORMATS) {
      const options = format === 'csv' ? 'HEADER' : 'FORMAT parquet';
      await connection.run(`COPY (${sales}) TO '${sqlText(join(folder, `sales.${format}`))}' (${options})`);
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function importApart(folder: string, file: string): Promise<ImportReply> {
  const mapping: SiteSourceInput = {
    catalogue: { file: 'catalogue.csv', columns: { item: 'item', text: ['name'] } },
    // No price in the catalogue: the median of what was paid, which is the import that needs most memory.
    interactions: { file, columns: { customer: 'customer', item: 'item', time: 'time', price: 'price' } },
  };
  const source = import.meta.url.endsWith('.ts');
  const program = fileURLToPath(new URL(source ? './import-process.ts' : './import-process.js', import.meta.url));
  const options = source ? ['--conditions=@noren/source', '--import', 'tsx'] : [];
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...options,
    program,
    JSON.stringify(mapping),
    folder,
  ]);
  return JSON.parse(stdout) as ImportReply;
}

function sqlText(value: string): string {
  return value.replaceAll(`'`, `''`);
}
