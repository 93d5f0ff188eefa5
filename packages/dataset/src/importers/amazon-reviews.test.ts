import { expect, test } from 'vitest';

import { errorOf, put, temporaryFolder } from '../testing/fixtures.ts';
import { amazonPrice } from './amazon-layouts.ts';
import { importFederation } from './import-federation.ts';

const lines = (...rows: object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** Reviews by A1 of each product, as of 2018. */
function reviews2018(...asins: string[]): string {
  return lines(
    ...asins.map((asin, day) => ({
      overall: 5,
      verified: true,
      reviewTime: `0${day + 1} 1, 2018`,
      reviewerID: 'A1',
      asin,
      style: { 'Size:': ' 2' },
      reviewText: '[good]',
      unixReviewTime: 1_514_764_800 + day * 86_400,
    })),
  );
}

test('2018: reviews are purchases; title, brand, features and description the text; the price a number of dollars', async () => {
  const folder = temporaryFolder();
  put(folder, 'All_Beauty_5.json.gz', reviews2018('B1', 'B3', 'B2', 'B9'));
  put(
    folder,
    'meta_All_Beauty.json.gz',
    lines(
      {
        category: ['All Beauty', 'Hair Care', 'Brushes'],
        description: ['<p>Soft &amp; long</p>', 'Lasts'],
        title: 'Brush',
        brand: 'Acme',
        feature: ['A', 'B'],
        asin: 'B1',
        price: '$12.99',
        imageURLHighRes: ['https://images.example/1.jpg'],
        tech1: { Weight: '1 oz' },
      },
      { category: [], description: '', title: 'Comb', asin: 'B2', price: '$5.00 - $10.00' },
      { title: 'Mirror', asin: 'B3', price: '.a-section.a-spacing-mini{margin-bottom:6px}' },
      { title: 'Never reviewed', asin: 'B4' },
      { title: 'Brush again', asin: 'B1' },
    ),
  );
  const { headquarters, sites } = await importFederation('amazon-2018', folder);
  const { catalogue } = headquarters;
  expect(catalogue).toEqual([
    {
      id: 'B1',
      text: 'Brush. Acme. A. B. Soft & long. Lasts',
      imagePath: null,
      price: 12.99,
      currency: 'USD',
      category: 'Hair Care',
    },
    { id: 'B3', text: 'Mirror', imagePath: null, price: null, currency: 'USD' },
    { id: 'B2', text: 'Comb', imagePath: null, price: 7.5, currency: 'USD' },
  ]);
  const holder = [headquarters, ...sites.map(({ data }) => data)].find(({ report }) => report.customers === 1);
  expect([...(holder?.sequences.items ?? [])].map((item) => catalogue[item]?.id)).toEqual(['B1', 'B3', 'B2']);
  expect(holder?.report.firstAt).toBe('2018-01-01T00:00:00.000Z');
  expect(headquarters.report.dropped).toMatchObject([{ kind: 'unknown-item', rows: 1 }]);
});

test('2023: several categories are several shops, the largest or a named one headquarters', async () => {
  const folder = temporaryFolder();
  const review = (user_id: string, parent_asin: string, timestamp: number): object => ({
    rating: 5,
    title: 'fine',
    text: 'fine',
    images: [],
    asin: `${parent_asin}V`,
    parent_asin,
    user_id,
    timestamp,
    helpful_vote: 0,
    verified_purchase: true,
  });
  const item = (parent_asin: string, price: unknown): object => ({
    main_category: 'X',
    title: `Item ${parent_asin}`,
    average_rating: 4,
    features: ['Red', 'Blue'],
    description: [],
    price,
    images: [{ large: 'https://images.example/1.jpg' }],
    store: 'Acme',
    categories: ['X', 'Pens'],
    details: { 'Date First Available': 'May 1' },
    parent_asin,
    bought_together: null,
  });
  const day = 1_588_687_728_923;
  put(folder, 'Toys.jsonl.gz', lines(review('U1', 'P2', day), review('U1', 'P1', day - 1000)));
  put(folder, 'meta_Toys.jsonl.gz', lines(item('P1', 8.5), item('P2', null)));
  put(folder, 'Arts.jsonl', lines(...['P3', 'P4', 'P5'].map((asin, at) => review('U1', asin, day + at))));
  put(folder, 'meta_Arts.jsonl', lines(item('P3', 'None'), item('P4', '1,299.00'), item('P5', '—')));
  put(folder, 'Alone.jsonl', lines(review('U1', 'P1', day)));

  const { headquarters, sites } = await importFederation('amazon-2023', folder);
  expect(headquarters.catalogue.map(({ id, price }) => [id, price])).toEqual([
    ['P3', null],
    ['P4', 1299],
    ['P5', null],
  ]);
  expect(sites.map(({ id }) => id)).toEqual(['toys']);
  const toys = sites[0]?.data;
  expect([...(toys?.sequences.items ?? [])].map((at) => toys?.catalogue[at]?.id)).toEqual(['P1', 'P2']);
  expect(toys?.sequences.times[1]).toBe(day);
  expect(toys?.catalogue[1]).toMatchObject({ text: 'Item P1. Acme. Red. Blue', price: 8.5, category: 'Pens' });
  const named = await importFederation('amazon-2023', folder, { headquarters: 'Toys' });
  expect(named.sites.map(({ name }) => name)).toEqual(['Arts']);
});

test.each([
  ['$12.99', 12.99],
  ['12.99', 12.99],
  ['$1,299.00', 1299],
  ['$5.00 - $10.00', 7.5],
  ['.99', 0.99],
  ['0', 0],
  ['None', null],
  ['', null],
  ['$', null],
  ['$5.00 -', null],
  ['from 3', null],
  ['1e9', null],
])('the price "%s" is %s', (text, price) => {
  expect(amazonPrice(text)).toBe(price);
});

test('files of the other year are recognised', async () => {
  const folder = temporaryFolder();
  put(folder, 'Toys.jsonl', reviews2018('B1'));
  put(folder, 'meta_Toys.jsonl', lines({ asin: 'B1', title: 'x' }));
  expect(await errorOf(importFederation('amazon-2023', folder))).toMatchObject({
    code: 'column-missing',
    message: expect.stringContaining('2018 and 2023') as unknown,
  });
  expect(await errorOf(importFederation('amazon-2018', folder))).toMatchObject({ code: 'layout-unknown' });
});
