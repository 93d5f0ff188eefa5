import { expect, test } from 'vitest';

import type { DatasetError } from '../errors.ts';
import { readSite } from '../site/read-site.ts';
import type { SiteSourceInput } from '../site/source.ts';
import { errorOf, put, runSql, temporaryFolder } from '../testing/fixtures.ts';

const folder = temporaryFolder();
let files = 0;

async function parquet(select: string): Promise<string> {
  const file = `${folder}/${++files}.parquet`;
  await runSql(`COPY (${select}) TO '${file}'`);
  return file;
}

function jsonLines(...rows: object[]): string {
  return put(folder, `${++files}.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

const source = (catalogue: string, interactions: string, timeUnit?: 'seconds'): SiteSourceInput => ({
  catalogue: { file: catalogue, columns: { item: 'id', text: ['name'], price: 'price' } },
  interactions: {
    file: interactions,
    columns: { customer: 'who', item: 'id', time: 'at' },
    ...(timeUnit === undefined ? {} : { timeUnit }),
  },
  minimumSequence: 1,
});
const CATALOGUE = `SELECT 7 AS id, 'shirt' AS name, 12.5 AS price`;
const SALES = `SELECT 'p' AS who, 7 AS id, TIMESTAMP '2024-03-01 10:00:00' AS at`;

test.each([
  ['whole numbers', `SELECT 7::BIGINT AS id, 'shirt' AS name, 12.5::DECIMAL(9,2) AS price`, SALES],
  [
    'whole numbers that a program made floating',
    `SELECT 7 AS id, 'shirt' AS name, 12.5 AS price`,
    `SELECT 12.0::DOUBLE AS who, 7.0::DOUBLE AS id, DATE '2024-03-01' AS at`,
  ],
  ['texts in a list', `SELECT '7' AS id, ['shirt', 'blue'] AS name, 12.5::FLOAT AS price`, SALES],
  ['times with a zone', CATALOGUE, `SELECT 'p' AS who, '7' AS id, TIMESTAMPTZ '2024-03-01 10:00:00+00' AS at`],
  ['dates in text', CATALOGUE, `SELECT uuid() AS who, 7::UTINYINT AS id, '2024-03-01' AS at`],
])('Parquet with %s is read', async (_, catalogue, sales) => {
  const { catalogue: items, sequences } = await readSite(
    source(await parquet(catalogue), await parquet(sales)),
    folder,
  );
  expect(items[0]).toMatchObject({ id: '7', price: 12.5 });
  expect(items[0]?.text).toMatch(/^shirt(\. blue)?$/);
  expect(sequences.items).toHaveLength(1);
  expect(sequences.customers[0]).not.toMatch(/\.0$/);
});

test('JSON lines with numbers, lists, nulls and absent fields are read', async () => {
  const catalogue = jsonLines({ id: 7, name: ['shirt', 'blue'], price: null }, { id: 8, price: 12.5, name: [] });
  const sales = jsonLines({ who: 1, id: 7, at: '2024-03-01T10:00:00Z' }, { who: 1, id: 8, at: '2024-03-02' });
  const { catalogue: items, sequences } = await readSite(source(catalogue, sales), folder);
  expect(items.map(({ id, text, price }) => [id, text, price])).toEqual([
    ['7', 'shirt. blue', null],
    ['8', '', 12.5],
  ]);
  expect([...sequences.items]).toEqual([0, 1]);
});

test('Parquet and JSON lines give what CSV gives', async () => {
  const rows = `(VALUES ('0007', 'Hemd, blau', 12.5), ('0008', NULL, NULL)) t(id, name, price)`;
  const sales = `(VALUES ('p', '0007', '2024-03-02 10:00:00'), ('p', '0008', '2024-03-01 10:00:00')) t(who, id, "at")`;
  const read = [];
  for (const [extension, options] of [
    ['csv', 'HEADER'],
    ['parquet', 'FORMAT parquet'],
    ['jsonl', 'FORMAT json'],
  ] as const) {
    const [catalogue, purchases] = [`${folder}/same.${extension}`, `${folder}/same-sales.${extension}`];
    await runSql(
      `COPY (FROM ${rows}) TO '${catalogue}' (${options}); COPY (FROM ${sales}) TO '${purchases}' (${options})`,
    );
    read.push(await readSite(source(catalogue, purchases), folder));
  }
  expect(read[0]?.sequences.items).toEqual(Int32Array.of(1, 0));
  expect(read[1]).toEqual(read[0]);
  expect(read[2]).toEqual(read[0]);
});

async function refusal(catalogue: string, sales: string, timeUnit?: 'seconds'): Promise<DatasetError> {
  const mapping = source(await parquet(catalogue), await parquet(sales), timeUnit);
  const error = (await errorOf(readSite(mapping, folder))) as DatasetError;
  expect(error.code).toBe('column-type');
  return error;
}

test.each([
  ['a price that is true or false', `SELECT 7 AS id, 'x' AS name, true AS price`, SALES, 'true or false (BOOLEAN)'],
  ['a price that is a date', `SELECT 7 AS id, 'x' AS name, DATE '2024-01-01' AS price`, SALES, 'dates or times (DATE)'],
  ['a nested text', `SELECT 7 AS id, {'a': 1} AS name, 1 AS price`, SALES, 'nested values (STRUCT'],
  ['bytes for a text', `SELECT 7 AS id, 'x'::BLOB AS name, 1 AS price`, SALES, 'bytes (BLOB)'],
  ['a list of identifiers', `SELECT [7] AS id, 'x' AS name, 1 AS price`, SALES, 'lists (INTEGER[])'],
  ['a number for a time', CATALOGUE, `SELECT 'p' AS who, 7 AS id, 1720000000 AS at`, 'interactions.timeUnit'],
  ['rounded identifiers', CATALOGUE, `SELECT 'p' AS who, 7::FLOAT AS id, DATE '2024-01-01' AS at`, 'have been rounded'],
])('%s is refused with the column and its type', async (_, catalogue, sales, what) => {
  const error = await refusal(catalogue, sales);
  expect(error.place.column).toMatch(/^(price|name|id|at)$/);
  expect(error.message).toContain(what);
});

test('a time unit for a column of real dates is refused', async () => {
  expect((await refusal(CATALOGUE, SALES, 'seconds')).message).toContain('Take interactions.timeUnit out');
  const counted = `SELECT 'p' AS who, 7 AS id, 1720000000 AS at`;
  const { sequences } = await readSite(source(await parquet(CATALOGUE), await parquet(counted), 'seconds'), folder);
  expect(sequences.times[0]).toBe(1_720_000_000_000);
});
