import { beforeAll, expect, test } from 'vitest';

import type { DataReport } from '../retail-data.ts';
import { siteReader } from '../testing/site-files.ts';
import { hintsOf } from './hints.ts';
import { renderReport } from './render-report.ts';

const read = siteReader();

/** A site's export with something of everything that goes wrong. */
const messy = {
  catalogue: 'sku,name,price\n0001,Linen shirt,4900\n0002,,0\n0003,Wool coat,-1\n0004,Bag,24800\n',
  interactions: [
    'who,sku,at,n',
    'alice,0001,2024-01-01,1',
    'alice,0001,2024-01-01,1',
    'alice,0001,2024-02-01,1',
    'alice,0002,2024-01-03,2',
    'alice,0004,2024-03-31 01:30,1',
    'bob,0001,2024-01-02,1',
    'bob,0001,2024-01-03,-1',
    ',0001,2024-01-02,1',
    'carol,9999,2024-01-02,1',
    'carol,0001,someday,1',
  ].join('\n'),
  catalogueColumns: { item: 'sku', price: 'price' },
  interactionColumns: { item: 'sku', quantity: 'n' },
  mapping: { badRows: 'drop', minimumSequence: 3, currency: 'JPY', timeZone: 'Europe/London' },
} as const;

let report: DataReport;
beforeAll(async () => {
  ({ report } = await read(messy));
});

test('says in English how many rows were read and kept, and why the rest was not', () => {
  expect(renderReport(report, 'en')).toBe(`Purchases
  rows read: 10
  kept: 3 (30.0 %)
  left out: 7 (70.0 %)
    no customer: 1
    no usable time: 1
    returns and cancellations: 1
    the item is not in the catalogue: 1
    duplicates: same customer, item and time: 1
    the customer had the item before: 1
    the customer has too few purchases: 1
  share of the most frequent item: 33.3 %
  period (UTC): 2024-01-01 - 2024-03-31

Taken with a change
  items whose price could not be used: 1
  times at which no clock stood (clocks put forward): 1

Items
  in the catalogue: 4
  with text: 3 (75.0 %)
  with an image: 0 (0.0 %)
  with a price: 3 (75.0 %)
  never bought: 1 (25.0 %)

Prices
  JPY: 3
    lowest: 0
    median: 4,900
    highest: 24,800
    items at 0: 1
    items far from the usual prices: 0

Customers
  with enough purchases: 1
    1 purchase: 1
    2 purchases: 0
    3 to 4 purchases: 1
    5 to 9 purchases: 0
    10 to 19 purchases: 0
    20 to 49 purchases: 0
    50 purchases or more: 0

Worth a look
  Many purchases name items that the catalogue lacks. Are both identifiers of the same kind, with leading zeros? Does the catalogue hold what is no longer sold?
  Fewer than 100 customers have enough purchases. A longer period makes the evaluation surer.
  One item makes up a fifth of all purchases or more. Is it a bag, a fee or a delivery?
  Some times fall where clocks skipped an hour. Is the time zone right?`);
});

test('says the same in Japanese, line by line', () => {
  const japanese = renderReport(report, 'ja');
  expect(japanese.split('\n')).toHaveLength(renderReport(report, 'en').split('\n').length);
  expect(japanese).toContain('購入履歴\n  読み込んだ行: 10\n  使用する行: 3 (30.0 %)');
  expect(japanese).toContain('返品・取消: 1');
  expect(japanese).toContain('購入 3〜4 回: 1');
  expect(japanese.replaceAll(/JPY|UTC/g, ''), 'an English word').not.toMatch(/[a-z]{3}/i);
});

test.each(['en', 'ja', 'json'] as const)('names no customer, no item and no text in %s', (form) => {
  const said = form === 'json' ? JSON.stringify(report) : renderReport(report, form);
  expect(said).not.toMatch(/alice|bob|carol|0001|0004|9999|Linen|coat|someday/);
});

test('every row read is kept or left out for one reason', () => {
  const lost = report.dropped.reduce((sum, { rows }) => sum + rows, 0);
  expect(report.rowsKept + lost).toBe(report.rowsRead);
});

test('a healthy shop gets no advice', async () => {
  const items = Array.from({ length: 30 }, (_, at) => `i${at},Item ${at},${1000 + at}`);
  const rows = Array.from({ length: 120 }, (_, customer) =>
    [0, 1, 2].map((step) => `c${customer},i${(customer + 7 * step) % 30},2024-01-0${step + 1}`),
  );
  const healthy = await read({
    catalogue: `item,name,price\n${items.join('\n')}\n`,
    interactions: `who,item,at\n${rows.flat().join('\n')}\n`,
    catalogueColumns: { price: 'price' },
  });
  const { report: good } = healthy;
  expect(hintsOf(good)).toEqual([]);
  expect(hintsOf({ ...good, prices: good.prices.map((range) => ({ ...range, outliers: 1 })) })).toEqual([
    'many-outliers',
  ]);
  expect(hintsOf({ ...good, itemsWithoutText: 16 })).toEqual(['no-text']);
});
