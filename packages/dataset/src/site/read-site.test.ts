import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { DatasetError } from '../errors.ts';
import { errorOf, plainJpeg, put, runSql, temporaryFolder } from '../testing/fixtures.ts';
import { readSite } from './read-site.ts';
import type { SiteSourceInput } from './source.ts';

const CATALOGUE = `sku,name,detail,photo,yen
0001,Linen shirt,"soft, airy",a.jpg,4900
0002,赤いスカート,,b.jpg,
0003,Wool coat,warm,,24800
0004,Bag,,,0
`;
const INTERACTIONS = `who,sku,at
alice,0001,2024-01-01
bob,0002,2024-01-02 10:00:00
alice,0003,2024-01-05T09:30:00+09:00
alice,0002,2024-01-03
bob,0001,2024-01-02 10:00:00
bob,0004,2024-01-02 10:00:00
alice,0001,2024-02-01
carol,0001,2024-01-01
`;
const SOURCE: SiteSourceInput = {
  catalogue: {
    file: 'catalogue.csv',
    columns: { item: 'sku', text: ['name', 'detail'], image: 'photo', price: 'yen' },
  },
  interactions: { file: 'interactions.csv', columns: { customer: 'who', item: 'sku', time: 'at' } },
};

const folder = temporaryFolder();
let jpeg: Buffer;

beforeAll(async () => {
  jpeg = await plainJpeg('#cc3344');
});

/** A site's files with some replaced. */
function site(name: string, files: Record<string, string | Uint8Array> = {}): string {
  const all = { 'catalogue.csv': CATALOGUE, 'interactions.csv': INTERACTIONS, 'a.jpg': jpeg, 'b.jpg': jpeg, ...files };
  for (const [file, content] of Object.entries(all)) put(folder, `${name}/${file}`, content);
  return `${folder}/${name}`;
}

async function refusal(base: string, source: SiteSourceInput = SOURCE): Promise<DatasetError> {
  const error = await errorOf(readSite(source, base));
  expect(error).toBeInstanceOf(DatasetError);
  const refused = error as DatasetError;
  expect(refused.message, 'a customer is named').not.toMatch(/alice|bob|carol/);
  expect(refused.message, 'an item text is quoted').not.toMatch(/Linen|スカート|airy/);
  expect(refused.cause, 'the cause quotes the row').toBeUndefined();
  return refused;
}

describe('a good site', () => {
  test('reads catalogue and sequences, with the missing modalities of some items', async () => {
    const base = site('good');
    const { catalogue, sequences, report } = await readSite(SOURCE, base);
    expect(catalogue).toEqual([
      { id: '0001', text: 'Linen shirt. soft, airy', imagePath: `${base}/a.jpg`, price: 4900 },
      { id: '0002', text: '赤いスカート', imagePath: `${base}/b.jpg`, price: null },
      { id: '0003', text: 'Wool coat. warm', imagePath: null, price: 24800 },
      { id: '0004', text: 'Bag', imagePath: null, price: 0 },
    ]);
    expect(sequences.customers).toEqual(['alice', 'bob']);
    expect([...sequences.offsets]).toEqual([0, 3, 6]);
    // alice by time, her second purchase of 0001 left out; bob's equal times in the order of the file.
    expect([...sequences.items]).toEqual([0, 1, 2, 1, 0, 3]);
    expect(sequences.times[2], 'a zone is respected').toBe(Date.parse('2024-01-05T00:30:00Z'));
    expect(sequences.times[3], 'without a zone it is UTC').toBe(Date.parse('2024-01-02T10:00:00Z'));
    expect(report).toEqual({
      rowsRead: 8,
      rowsKept: 6,
      dropped: [
        { kind: 'repeat', reason: 'the customer already had the item (only first purchases are predicted)', rows: 1 },
        { kind: 'few-purchases', reason: 'the customer has fewer than 3 interactions', rows: 1 },
      ],
      noticed: [],
      customers: 2,
      customersByPurchases: [
        { from: 1, to: 1, customers: 1 },
        { from: 2, to: 2, customers: 0 },
        { from: 3, to: 4, customers: 2 },
        { from: 5, to: 9, customers: 0 },
        { from: 10, to: 19, customers: 0 },
        { from: 20, to: 49, customers: 0 },
        { from: 50, to: null, customers: 0 },
      ],
      items: 4,
      itemsWithoutImage: 2,
      itemsWithoutPrice: 1,
      itemsWithoutText: 0,
      itemsNeverBought: 0,
      mostFrequentItemShare: 1 / 3,
      prices: [{ currency: null, items: 3, lowest: 0, median: 4900, highest: 24_800, free: 1, outliers: 0 }],
      firstAt: '2024-01-01T00:00:00.000Z',
      lastAt: '2024-01-05T00:30:00.000Z',
    });
  });

  test('the price paid stands in for a price missing in the catalogue', async () => {
    const interactions = `who,sku,at,paid\na,0002,2024-01-01,300\na,0001,2024-01-02,1\na,0003,2024-01-03,\nb,0002,2024-01-01,500\n`;
    const base = site('paid', { 'interactions.csv': interactions });
    const { file, columns } = SOURCE.interactions;
    const source = { ...SOURCE, interactions: { file, columns: { ...columns, price: 'paid' } } };
    const { catalogue } = await readSite(source, base);
    expect(catalogue.map((item) => item.price)).toEqual([4900, 400, 24800, 0]);
  });

  test('repeats are kept on request', async () => {
    const { sequences } = await readSite({ ...SOURCE, repeats: 'keep' }, site('repeats'));
    expect([...sequences.items.subarray(0, sequences.offsets[1])]).toEqual([0, 1, 2, 0]);
  });

  test.each([
    ['gzip-compressed CSV', 'csv.gz', (text: string): string => text],
    ['tab-separated', 'tsv', (text: string): string => text.replaceAll(',', '\t').replaceAll('\tairy', ' airy')],
    ['semicolons, quotes and a byte order mark', 'csv', (text: string): string => `\uFEFF${text.replaceAll(',', ';')}`],
    ['JSON lines', 'jsonl', jsonLines],
  ])('reads %s', async (_, extension, convert) => {
    const base = site(`format-${extension}`);
    put(base, `c.${extension}`, convert(CATALOGUE.replace('"soft, airy"', 'soft')));
    put(base, `i.${extension}`, convert(INTERACTIONS));
    const { sequences, catalogue } = await readSite(
      {
        catalogue: { ...SOURCE.catalogue, file: `c.${extension}` },
        interactions: { ...SOURCE.interactions, file: `i.${extension}` },
      },
      base,
    );
    expect(catalogue.map((item) => item.id)).toEqual(['0001', '0002', '0003', '0004']);
    expect(catalogue[0]?.text).toBe('Linen shirt. soft');
    expect([...sequences.items]).toEqual([0, 1, 2, 1, 0, 3]);
  });

  test('reads Parquet with its own types', async () => {
    const base = site('parquet');
    await runSql(
      `COPY (SELECT * FROM (VALUES (1, 'shirt', 4900.5), (2, 'skirt', NULL), (3, 'coat', 3)) t(sku, name, yen)) TO '${base}/c.parquet'`,
    );
    await runSql(
      `COPY (SELECT 'a' AS who, sku, DATE '2024-03-01' + sku AS at FROM (VALUES (3), (1), (2)) t(sku)) TO '${base}/i.parquet'`,
    );
    const { catalogue, sequences } = await readSite(
      {
        catalogue: { file: 'c.parquet', columns: { item: 'sku', text: ['name'], price: 'yen' } },
        interactions: { file: 'i.parquet', columns: { customer: 'who', item: 'sku', time: 'at' } },
      },
      base,
    );
    expect(catalogue.map((item) => item.price)).toEqual([4900.5, null, 3]);
    expect([...sequences.items]).toEqual([0, 1, 2]);
    expect(sequences.times[0]).toBe(Date.UTC(2024, 2, 2));
  });
});

describe('a bad site is refused with file, row, column and what to do', () => {
  test('a mapping with a field that does not exist', async () => {
    const error = await refusal(site('m1'), { ...SOURCE, extra: 1 } as SiteSourceInput);
    expect(error.code).toBe('mapping-invalid');
    expect(error.message).toContain('extra');
  });

  test('a missing file', async () => {
    const error = await refusal(`${folder}/nowhere`);
    expect(error).toMatchObject({ code: 'file-missing', place: { file: 'catalogue.csv' } });
    expect(error.message).toContain(`${folder}/nowhere/catalogue.csv`);
  });

  test('a folder where a file should be', async () => {
    const error = await refusal(folder, { ...SOURCE, catalogue: { ...SOURCE.catalogue, file: 'good' } });
    expect(error.code).toBe('file-unreadable');
  });

  test('an unknown format', async () => {
    const base = site('m2', { 'catalogue.xlsx': 'x' });
    const error = await refusal(base, { ...SOURCE, catalogue: { ...SOURCE.catalogue, file: 'catalogue.xlsx' } });
    expect(error.message).toContain('.parquet');
  });

  test('a missing column, with those found and the closest', async () => {
    const base = site('m3', { 'catalogue.csv': CATALOGUE.replace('sku,', 'SKU_id,') });
    const error = await refusal(base, {
      ...SOURCE,
      catalogue: { ...SOURCE.catalogue, columns: { item: 'sku_id', text: ['name'] } },
    });
    expect(error.code).toBe('column-missing');
    expect(error.message).toContain('"SKU_id", "name", "detail", "photo", "yen"');
    expect(error.message).toContain('Did you mean "SKU_id"?');
  });

  test.each([
    ['negative', '-3', 'the price is negative'],
    ['NaN', 'NaN', 'the price is NaN'],
    ['not a number', '"4,900"', 'not a plain number'],
    ['with a currency sign', '¥4900', 'not a plain number'],
    ['infinite', '1e999', 'too large'],
  ])('a price that is %s', async (name, price, what) => {
    const error = await refusal(site(`price-${name}`, { 'catalogue.csv': CATALOGUE.replace('24800', price) }));
    expect(error).toMatchObject({ code: 'price-invalid', place: { file: 'catalogue.csv', row: 3, column: 'yen' } });
    expect(error.message).toContain(what);
    expect(error.message).toContain('item "0003"');
    expect(error.message).toContain('badRows');
  });

  test('an item that occurs twice', async () => {
    const error = await refusal(site('m4', { 'catalogue.csv': `${CATALOGUE}0002,again,,,1\n` }));
    expect(error).toMatchObject({ code: 'item-duplicate', place: { row: 5, column: 'sku' } });
    expect(error.message).toContain('item "0002"');
  });

  test.each([
    ['01/02/2024', 'not a date'],
    ['', 'not a date'],
    ['1700000000', 'not a date'],
    ['2024-13-01', 'not a date'],
    ['infinity', 'not a date'],
    ['0024-01-01', 'between 1971 and 2199'],
  ])('the time "%s"', async (time, what) => {
    const base = site(`time-${time.replaceAll('/', '')}`, {
      'interactions.csv': INTERACTIONS.replace('2024-01-03', time),
    });
    const error = await refusal(base);
    expect(error).toMatchObject({ code: 'time-invalid', place: { file: 'interactions.csv', row: 4, column: 'at' } });
    expect(error.message).toContain(what);
  });

  test('an interaction without a customer', async () => {
    const error = await refusal(site('m5', { 'interactions.csv': INTERACTIONS.replace('bob,0004', ',0004') }));
    expect(error).toMatchObject({ code: 'value-missing', place: { row: 6, column: 'who' } });
  });

  test('an image that does not exist', async () => {
    const error = await refusal(site('m6', { 'catalogue.csv': CATALOGUE.replace('b.jpg', 'lost.jpg') }));
    expect(error).toMatchObject({ code: 'image-missing', place: { row: 2, column: 'photo' } });
  });

  test.each([
    ['no image at all', (): Uint8Array => Buffer.from('not a picture')],
    ['cut off', (): Uint8Array => jpeg.subarray(0, jpeg.length / 2)],
    ['empty', (): Uint8Array => new Uint8Array()],
  ])('an image that is %s', async (name, content) => {
    const error = await refusal(site(`image-${name}`, { 'b.jpg': content() }));
    expect(error).toMatchObject({ code: 'image-corrupt', place: { row: 2, column: 'photo' } });
  });

  test('an image outside the image folder', async () => {
    const base = site('m7/inner', { 'catalogue.csv': CATALOGUE.replace('b.jpg', '../b.jpg') });
    const error = await refusal(base);
    expect(error.code).toBe('image-missing');
    expect(error.message).toContain('outside the image folder');
  });

  test('rows that cannot be cut into columns', async () => {
    const error = await refusal(site('m8', { 'interactions.csv': INTERACTIONS.replace('bob,0004', 'bob,x,0004') }));
    expect(error).toMatchObject({ code: 'row-malformed', place: { file: 'interactions.csv', line: 7 } });
  });

  test('text that is not UTF-8', async () => {
    const shiftJis = Buffer.concat([Buffer.from('sku,name,detail,photo,yen\n1,'), Buffer.from([0x83, 0x65, 0x0a])]);
    const error = await refusal(site('m9', { 'catalogue.csv': shiftJis }));
    expect(error.code).toBe('file-unreadable');
    expect(error.message).toContain('UTF-8');
  });

  test.each([
    ['no gzip', 'catalogue.csv.gz'],
    ['no Parquet', 'catalogue.parquet'],
    ['no JSON', 'catalogue.json'],
  ])('a file whose content is %s', async (_, file) => {
    const base = site(`content-${file}`);
    writeFileSync(join(base, file), 'alice,Linen');
    const error = await refusal(base, { ...SOURCE, catalogue: { ...SOURCE.catalogue, file } });
    expect(error).toMatchObject({ code: 'file-unreadable', place: { file } });
  });

  test('an empty file, and one with nothing but a header', async () => {
    expect((await refusal(site('e1', { 'catalogue.csv': '' }))).code).toBe('file-unreadable');
    expect((await refusal(site('e2', { 'catalogue.csv': 'sku,name,detail,photo,yen\n' }))).code).toBe('no-items');
    expect((await refusal(site('e3', { 'interactions.csv': 'who,sku,at\n' }))).code).toBe('no-interactions');
  });

  test('no interaction names an item of the catalogue (leading zeros lost)', async () => {
    const error = await refusal(site('z', { 'interactions.csv': INTERACTIONS.replaceAll(',000', ',') }));
    expect(error.code).toBe('no-interactions');
    expect(error.message).toContain('leading zeros');
  });

  test('no customer has enough interactions', async () => {
    const error = await refusal(site('few', { 'interactions.csv': 'who,sku,at\nalice,0001,2024-01-01\n' }));
    expect(error.message).toContain('minimumSequence');
  });

  test('the first five bad rows are named and all are counted', async () => {
    const rows = Array.from({ length: 50 }, () => 'alice,0001,never').join('\n');
    const error = await refusal(site('many', { 'interactions.csv': `who,sku,at\n${rows}\n` }));
    expect(error.message).toContain('50 bad rows: row 1, column "at"');
    expect(error.message).toContain('row 5, ');
    expect(error.message).not.toContain('row 6, ');
    expect(error.message).toContain('and 45 more');
  });
});

test('interactions naming unknown items are counted and dropped under either policy', async () => {
  const base = site('unknown', { 'interactions.csv': `${INTERACTIONS}alice,9999,2024-01-01\nbob,9998,2024-01-01\n` });
  for (const badRows of ['refuse', 'drop'] as const) {
    const { report } = await readSite({ ...SOURCE, badRows }, base);
    expect(report.rowsRead).toBe(10);
    expect(report.dropped).toContainEqual({
      kind: 'unknown-item',
      reason: 'the item is not in the catalogue',
      rows: 2,
    });
  }
});

test('under "drop" every bad row is left out and counted by reason, and nothing else is', async () => {
  const base = site('drop', {
    'catalogue.csv': `${CATALOGUE.replace('24800', '-1').replace('b.jpg', 'lost.jpg')}0001,again,,,1\n,no id,,,2\ntoo,many,,,1,2\n`,
    'interactions.csv': `${INTERACTIONS}alice,0004,someday\n,0001,2024-01-01\nalice,"0001\n`,
    'a.jpg': jpeg.subarray(0, 100),
  });
  const { catalogue, sequences, report } = await readSite({ ...SOURCE, badRows: 'drop' }, base);
  expect(catalogue.map((item) => [item.id, item.imagePath, item.price])).toEqual([
    ['0001', null, 4900],
    ['0002', null, null],
    ['0003', null, null],
    ['0004', null, 0],
  ]);
  expect([...sequences.items]).toEqual([0, 1, 2, 1, 0, 3]);
  const counted = Object.fromEntries([...report.dropped, ...report.noticed].map(({ reason, rows }) => [reason, rows]));
  expect(counted).toMatchObject({
    'catalogue.csv: the price is negative (item kept without price)': 1,
    'catalogue.csv: the image file does not exist (item kept without image)': 1,
    'catalogue.csv: the image cannot be decoded (item kept without image)': 1,
    'catalogue.csv: the item occurs more than once in the catalogue (row left out)': 1,
    'catalogue.csv: the identifier is empty (row left out)': 1,
    'catalogue.csv: not cut into columns (row left out)': 1,
    'interactions.csv: the identifier is empty (row left out)': 1,
    'interactions.csv: not cut into columns (row left out)': 1,
  });
  expect(report.rowsRead).toBe(11);
});

test('items too seldom bought are left out of the sequences and stay in the catalogue', async () => {
  const source = { ...SOURCE, minimumSequence: 2, minimumItemPurchases: 2 };
  const { catalogue, sequences, report } = await readSite(source, site('core'));
  expect(catalogue.length).toBe(4);
  expect([...sequences.items].toSorted((a, b) => a - b)).toEqual([0, 0, 1, 1]);
  expect(report.dropped).toContainEqual({ kind: 'rare-item', reason: 'the item has fewer than 2 purchases', rows: 2 });
});

test('quotes in file and column names are data, never SQL', async () => {
  const file = `it's "ours"; DROP TABLE x.csv`;
  const base = site('quotes', { [file]: `"the ""best"", 'it'",who\nshirt,0001\ncoat,0002\nbag,0003\nhat,0004\n` });
  const columns = { item: 'who', text: [`the "best", 'it'`] };
  const { catalogue } = await readSite({ ...SOURCE, catalogue: { file, columns } }, base);
  expect(catalogue.map((item) => item.text)).toEqual(['shirt', 'coat', 'bag', 'hat']);
});

function jsonLines(csv: string): string {
  const [header = '', ...lines] = csv.trimEnd().split('\n');
  const columns = header.split(',');
  return lines
    .map((line) => JSON.stringify(Object.fromEntries(line.split(',').map((cell, at) => [columns[at], cell || null]))))
    .join('\n');
}
