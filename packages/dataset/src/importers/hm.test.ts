import { expect, test } from 'vitest';

import { DatasetError } from '../errors.ts';
import { seededShare } from '../random.ts';
import { errorOf, plainJpeg, put, temporaryFolder } from '../testing/fixtures.ts';
import { realData } from '../testing/real-data.ts';
import { importFederation } from './import-federation.ts';

const ARTICLES = `article_id,product_code,prod_name,product_type_no,product_type_name,product_group_name,graphical_appearance_no,graphical_appearance_name,colour_group_code,colour_group_name,department_name,index_code,index_group_name,section_name,garment_group_name,detail_desc
0108775015,0108775,Strap top,253,Vest top,Garment Upper body,1010016,Solid,9,Black,Jersey Basic,A,Ladieswear,Womens Everyday Basics,Jersey Basic,"Jersey top, narrow straps."
0108775044,0108775,Strap top,253,Vest top,Garment Upper body,1010016,Solid,10,White,Jersey Basic,A,Ladieswear,Womens Everyday Basics,Jersey Basic,
0999999001,0999999,Ball,1,Ball,Toys,1010016,Solid,9,Red,Sport,S,Sport,Sports,Toys,
`;

/** A customer of headquarters and one of the lines, by the fixed hash. */
function customers(): { headquarters: string; line: string } {
  const isHeadquarters = (name: string): boolean => seededShare(1, 'headquarters', name) < 0.4;
  const names = Array.from({ length: 50 }, (_, at) => `customer${at}`);
  return { headquarters: names.find(isHeadquarters) ?? '', line: names.find((name) => !isHeadquarters(name)) ?? '' };
}

test('a brand line that is named headquarters has all its purchases, the others are sites', async () => {
  const folder = temporaryFolder();
  put(folder, 'articles.csv', ARTICLES);
  const { headquarters: h, line: l } = customers();
  const rows = [h, l].flatMap((customer) =>
    ['0108775015', '0108775044', '0999999001'].map((article) => `2018-09-20,${customer},${article},0.03,2`),
  );
  put(folder, 'transactions_train.csv', `t_dat,customer_id,article_id,price,sales_channel_id\n${rows.join('\n')}\n`);

  const { headquarters, sites } = await importFederation('hm', folder, { headquarters: 'Ladieswear' });
  expect(headquarters.sequences.customers).toEqual([h, l]);
  expect(sites.map(({ name }) => name)).toEqual(['Sport']);
  await expect(importFederation('hm', folder, { headquarters: 'Shoes' })).rejects.toThrow(/no brand line "Shoes"/);
});

test('articles go to their brand line, customers of headquarters and their purchases to headquarters', async () => {
  const folder = temporaryFolder();
  const { headquarters: h, line: l } = customers();
  put(folder, 'articles.csv', ARTICLES);
  put(
    folder,
    'transactions_train.csv.gz',
    `t_dat,customer_id,article_id,price,sales_channel_id
2018-09-21,${l},0108775044,0.02,2
2018-09-20,${l},0108775015,0.03,2
2018-09-22,${l},0108775015,0.05,1
2018-09-22,${l},0999999001,0.09,1
2018-09-20,${h},0999999001,0.07,1
2018-09-23,${h},0108775015,0.01,1
2018-09-23,${h},0000000001,0.01,1
`,
  );
  const image = put(folder, 'images/010/0108775015.jpg', await plainJpeg('#000000'));

  const { headquarters, sites, note } = await importFederation('hm', folder);
  expect(sites.map(({ id, name }) => [id, name])).toEqual([
    ['ladieswear', 'Ladieswear'],
    ['sport', 'Sport'],
  ]);
  expect(sites[0]?.data.catalogue).toEqual([
    {
      id: '0108775015',
      text: 'Strap top. Vest top. Solid. Black. Jersey Basic. Womens Everyday Basics. Jersey Basic. Jersey top, narrow straps.',
      imagePath: image,
      price: 0.03,
    },
    expect.objectContaining({ id: '0108775044', imagePath: null, price: 0.02 }),
  ]);
  expect([...(sites[0]?.data.sequences.items ?? [])]).toEqual([0, 1]);
  expect(sites[0]?.data.report).toMatchObject({ rowsRead: 3, rowsKept: 2, itemsWithoutImage: 1 });
  // The one purchase at Sport is no sequence, but the item stays in the line's catalogue, with the median price.
  expect(sites[1]?.data.sequences.customers).toEqual([]);
  expect(sites[1]?.data.catalogue[0]?.price).toBeCloseTo(0.08);
  expect(headquarters.catalogue.map((item) => item.id)).toEqual(['0999999001', '0108775015']);
  expect(headquarters.report.dropped).toContainEqual({
    kind: 'unknown-item',
    reason: 'the article is not in articles.csv',
    rows: 1,
  });
  expect(note).toContain('40 %');
});

test('a folder that holds something else is answered with the files that are expected', async () => {
  const folder = temporaryFolder();
  put(folder, 'articles.csv', ARTICLES);
  const error = await errorOf(importFederation('hm', folder));
  expect(error).toMatchObject({ code: 'layout-unknown', place: { file: folder } });
  expect((error as DatasetError).message).toContain('transactions_train.csv (or transactions_train.csv.gz)');
  expect((error as DatasetError).message).toContain('The folder holds articles.csv');
  const nowhere = await errorOf(importFederation('hm', `${folder}/nowhere`));
  expect((nowhere as DatasetError).message).toContain('There is no such folder');
});

test('a file without an upstream column is answered with the column', async () => {
  const folder = temporaryFolder();
  put(folder, 'articles.csv', ARTICLES.replace('index_group_name', 'line'));
  put(folder, 'transactions_train.csv', 't_dat,customer_id,article_id,price\n');
  expect(await errorOf(importFederation('hm', folder))).toMatchObject({ code: 'column-missing' });
});

const real = realData('hm');
test.skipIf(real.isMissing)(
  `the real dataset gives five lines with every article and image (needs ${real.folder})`,
  async () => {
    const { headquarters, sites } = await importFederation('hm', real.folder);
    expect(sites.map(({ id, data }) => [id, data.report.items, data.report.customers, data.report.rowsKept])).toEqual([
      ['baby-children', 1041, 94, 645],
      ['divided', 3777, 406, 3688],
      ['ladieswear', 10394, 629, 10703],
      ['menswear', 1194, 131, 818],
      ['sport', 627, 121, 541],
    ]);
    expect([headquarters.report.items, headquarters.report.customers, headquarters.report.rowsKept]).toEqual([
      8411, 504, 10626,
    ]);
    const reports = [headquarters, ...sites.map(({ data }) => data)].map(({ report }) => report);
    expect(reports.reduce((sum, report) => sum + report.rowsRead, 0)).toBe(31_662);
    for (const report of reports) {
      expect(report).toMatchObject({ itemsWithoutImage: 0, itemsWithoutPrice: 0, itemsWithoutText: 0 });
      const lost = report.dropped.reduce((sum, { rows }) => sum + rows, 0);
      expect(report.rowsKept + lost).toBe(report.rowsRead);
    }
  },
);
