import { expect, test } from 'vitest';

import type { RetailData } from '../retail-data.ts';
import { put, temporaryFolder } from '../testing/fixtures.ts';
import { realData } from '../testing/real-data.ts';
import { importFederation } from './import-federation.ts';
import { divideByCountry, readUciShops } from './uci-online-retail.ts';

const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';

test('countries with 20 customers are sites; what is no purchase of a product is left out and counted', async () => {
  const folder = temporaryFolder();
  const rows = [
    '1,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.55,17850,United Kingdom',
    '1,71053,LANTERN,6,2010-12-01 08:26:00,3.39,17850,United Kingdom',
    '2,85123a,white heart,1,2010-12-02 08:26:00,2.95,17850,United Kingdom',
    '3,POST,POSTAGE,1,2010-12-02 08:26:00,18,17850,United Kingdom',
    'C4,71053,LANTERN,-1,2010-12-03 08:26:00,3.39,17850,United Kingdom',
    '5,71053,LANTERN,1,2010-12-03 08:26:00,3.39,,United Kingdom',
    '6,22841,FREE TIN,1,2010-12-04 08:26:00,0,17850,United Kingdom',
    '7,71053,LANTERN,1,2010-12-04 08:26:00,3.39,20000,Malta',
  ];
  for (let customer = 1; customer <= 20; customer++)
    for (const code of ['10001', '10002'])
      rows.push(`8,${code},ITEM ${code},1,2011-01-01 10:00:00,${customer},${customer},Germany`);
  put(folder, 'online_retail.csv', `${HEADER}\n${rows.join('\n')}\n`);

  const { headquarters, sites, note } = await importFederation('uci-online-retail', folder);
  expect(headquarters.catalogue).toEqual([
    { id: '85123A', text: 'WHITE HEART', imagePath: null, price: 2.75 },
    { id: '71053', text: 'LANTERN', imagePath: null, price: 3.39 },
    { id: '22841', text: 'FREE TIN', imagePath: null, price: null },
  ]);
  expect([...headquarters.sequences.items]).toEqual([0, 1, 2]);
  expect(headquarters.report.rowsRead).toBe(7);
  expect(headquarters.report.dropped).toMatchObject([
    { reason: 'not a product: postage, carriage, discount, bank charges, manual', rows: 1 },
    { reason: 'cancellation', rows: 1 },
    { reason: 'the invoice names no customer', rows: 1 },
    { reason: 'the customer already had the item (only first purchases are predicted)', rows: 1 },
  ]);
  expect(sites.map(({ id, name, data }) => [id, name, data.report.customers])).toEqual([['germany', 'Germany', 20]]);
  expect(sites[0]?.data.catalogue[0]?.price).toBe(10.5);
  expect(note).toContain('1 countries with fewer customers (1 purchases)');
  const all = await importFederation('uci-online-retail', folder, { fewestCustomers: 1 });
  expect(all.sites.map(({ id }) => id)).toEqual(['germany', 'malta']);
});

/** Users, items and interactions that remain when everybody has 5 and every item is had by 5. */
function fiveCore(purchases: readonly (readonly [string, string])[]): number[] {
  let kept = purchases;
  for (;;) {
    const customers = new Map<string, number>();
    const items = new Map<string, number>();
    for (const [customer, item] of kept) {
      customers.set(customer, (customers.get(customer) ?? 0) + 1);
      items.set(item, (items.get(item) ?? 0) + 1);
    }
    const next = kept.filter(([customer, item]) => (customers.get(customer) ?? 0) >= 5 && (items.get(item) ?? 0) >= 5);
    if (next.length === kept.length) return [customers.size, items.size, kept.length];
    kept = next;
  }
}

function purchasesOf({ catalogue, sequences }: RetailData): [string, string][] {
  return sequences.customers.flatMap((customer, at) =>
    [...sequences.items.subarray(sequences.offsets[at], sequences.offsets[at + 1])].map((item): [string, string] => [
      customer,
      catalogue[item]?.id ?? '',
    ]),
  );
}

const real = realData('uci-online-retail');
test.skipIf(real.isMissing)(
  `the real dataset gives five countries and the known 5-core (needs ${real.folder})`,
  async () => {
    const read = await readUciShops(real.folder, () => undefined);
    const { headquarters, sites } = divideByCountry(read);
    expect(sites.map(({ id, data }) => [id, data.report.items, data.report.customers, data.report.rowsKept])).toEqual([
      ['belgium', 776, 25, 1549],
      ['france', 1519, 87, 5559],
      ['germany', 1663, 93, 6314],
      ['spain', 1090, 30, 1830],
      ['switzerland', 946, 21, 1590],
    ]);
    expect([headquarters.report.items, headquarters.report.customers, headquarters.report.rowsKept]).toEqual([
      3639, 3826, 237_721,
    ]);

    // 4,074 / 3,145 / 264,514: found independently of this importer, over all countries.
    const purchases = [...read.shops.values()].flatMap((shop) => purchasesOf(shop.close(read.describe, 1)));
    const distinct = new Map(purchases.map((purchase) => [purchase.join('\t'), purchase]));
    expect(fiveCore([...distinct.values()])).toEqual([4074, 3145, 264_514]);
  },
);
