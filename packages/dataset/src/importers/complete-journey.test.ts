import { expect, test } from 'vitest';

import { put, temporaryFolder } from '../testing/fixtures.ts';
import { realData } from '../testing/real-data.ts';
import { importFederation } from './import-federation.ts';

test('the 40 largest stores are sites, the others headquarters; prices are shelf unit prices', async () => {
  const folder = temporaryFolder();
  put(
    folder,
    'products.csv',
    `"product_id","manufacturer_id","department","brand","product_category","product_type","package_size"
"1","2","GROCERY","National","FRZN ICE","ICE - CRUSHED/CUBED","22 LB"
"2","2","GROCERY","Private","BREAD",,
"3","2","MISCELLANEOUS","National","COUPON/MISC ITEMS","GASOLINE-REG UNLEADED",
`,
  );
  const header =
    '"household_id","store_id","basket_id","product_id","quantity","sales_value","retail_disc","coupon_disc","coupon_match_disc","week","transaction_timestamp"';
  const rows = [
    '"9","100","7","1",2,3,0.8,0,0.2,5,2017-01-28 14:06:53',
    '"9","100","7","2",1,1.59,0,0,0,5,2017-01-28 14:06:53',
    '"9","100","7","3",4000,8,0,0,0,5,2017-01-28 14:06:53',
    '"9","100","7","4",1,8,0,0,0,5,2017-01-28 14:06:53',
    '"9","100","7","1",0,0,0,0,0,5,2017-01-29 14:06:53',
  ];
  for (let store = 101; store <= 140; store++)
    for (const product of [1, 2, 1, 2, 1, 2])
      rows.push(`"${product}","${store}","8","${product}",1,1,0,0,0,6,2017-02-0${product} 10:00:00`);
  put(folder, 'transactions.csv', `${header}\n${rows.join('\n')}\n`);

  const { headquarters, sites } = await importFederation('complete-journey', folder);
  expect(sites).toHaveLength(40);
  expect(sites[0]).toMatchObject({ id: 'store-101', name: 'Store 101' });
  expect(headquarters.catalogue).toEqual([
    { id: '1', text: 'ICE - CRUSHED/CUBED. FRZN ICE. GROCERY. National. 22 LB', imagePath: null, price: 2 },
    { id: '2', text: 'BREAD. GROCERY. Private', imagePath: null, price: 1.59 },
  ]);
  expect(headquarters.report.dropped).toMatchObject([
    { reason: 'not a product: fuel, coupon, gift card', rows: 1 },
    { reason: 'the product is not in products.csv', rows: 1 },
    { reason: 'no quantity', rows: 1 },
  ]);
});

const real = realData('complete-journey');
test.skipIf(real.isMissing)(`the real dataset gives 40 stores (needs ${real.folder})`, async () => {
  const { headquarters, sites } = await importFederation('complete-journey', real.folder);
  const reports = [headquarters, ...sites.map(({ data }) => data)].map(({ report }) => report);
  expect(sites.map(({ id }) => id).slice(0, 3)).toEqual(['store-367', 'store-406', 'store-356']);
  expect(reports.slice(0, 3).map((report) => [report.items, report.customers, report.rowsKept])).toEqual([
    [16_320, 1724, 42_638],
    [2041, 125, 2467],
    [1605, 47, 1877],
  ]);
  expect(sites).toHaveLength(40);
  expect(reports.reduce((sum, report) => sum + report.rowsRead, 0)).toBe(100_000);
  for (const report of reports) expect(report).toMatchObject({ itemsWithoutImage: report.items, itemsWithoutText: 0 });
});
