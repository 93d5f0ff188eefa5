import { expect, test } from 'vitest';

import { errorOf } from '../testing/fixtures.ts';
import { siteReader } from '../testing/site-files.ts';

const read = siteReader();
const ONE_PURCHASE = 'who,item,at\np,a,2024-01-01\n';

test('the regular price is the item’s, and what it costs just now only where there is no regular one', async () => {
  const { catalogue, report } = await read({
    catalogue: 'item,name,now,usual\na,A,980,1980\nb,B,980,\nc,C,,1980\nd,D,2980,1980\n',
    interactions: ONE_PURCHASE,
    catalogueColumns: { price: 'now', regularPrice: 'usual' },
  });
  expect(catalogue.map(({ price }) => price)).toEqual([1980, 980, 1980, 1980]);
  expect(report.noticed).toMatchObject([{ kind: 'price-above-regular', rows: 1 }]);
});

test('without a price in the catalogue the median of what was paid counts, regular where it is known', async () => {
  const rows = ['p,a,2024-01-01,100,', 'q,a,2024-01-02,50,120', 'r,a,2024-01-03,10,', 's,b,2024-01-03,7,'];
  const { catalogue } = await read({
    interactions: `who,item,at,paid,usual\n${rows.join('\n')}\n`,
    interactionColumns: { price: 'paid', regularPrice: 'usual' },
  });
  expect(catalogue.map(({ price }) => price)).toEqual([100, 7, null]);
});

test('an item’s currency is its own cell, else the site’s; its category is kept', async () => {
  const { catalogue, report } = await read({
    catalogue: 'item,name,price,in,kind\na,A,1980,,Bowls\nb,B,12.5,eur,\nc,C,3,,\n',
    interactions: ONE_PURCHASE,
    catalogueColumns: { price: 'price', currency: 'in', category: 'kind' },
    mapping: { currency: 'JPY' },
  });
  expect(catalogue.map(({ currency, category }) => [currency, category])).toEqual([
    ['JPY', 'Bowls'],
    ['EUR', undefined],
    ['JPY', undefined],
  ]);
  expect(report.prices.map(({ currency, items, median }) => [currency, items, median])).toEqual([
    ['JPY', 2, 991.5],
    ['EUR', 1, 12.5],
  ]);
});

test('what was paid in another currency than the item’s is not counted in its price', async () => {
  const { catalogue, report } = await read({
    interactions: 'who,item,at,paid,in\np,a,2024-01-01,100,\nq,a,2024-01-02,1,EUR\nr,b,2024-01-03,2,EUR\n',
    interactionColumns: { price: 'paid', currency: 'in' },
    mapping: { currency: 'JPY' },
  });
  expect(catalogue.map(({ price }) => price)).toEqual([100, null, null]);
  expect(report.noticed).toMatchObject([{ kind: 'paid-in-another-currency', rows: 2 }]);
});

test('a currency that is none, and a column of currencies without the usual one, are refused', async () => {
  const catalogue = 'item,name,price,in\na,A,1980,Yen\n';
  const columns = { price: 'price', currency: 'in' };
  const files = { catalogue, interactions: ONE_PURCHASE, catalogueColumns: columns };
  expect(await errorOf(read({ ...files, mapping: { currency: 'JPY' } }))).toMatchObject({
    code: 'currency-invalid',
    place: { file: 'catalogue.csv', row: 1, column: 'in' },
  });
  const unnamed = await errorOf(read(files));
  expect((unnamed as Error).message).toContain('currency: beside a column of currencies');
  const unknown = await errorOf(read({ ...files, mapping: { currency: 'YEN' } }));
  expect((unknown as Error).message).toContain('ISO 4217');
});

test('under "drop" a currency that is none costs the item its price only', async () => {
  const { catalogue, report } = await read({
    catalogue: 'item,name,price,in\na,A,1980,Yen\n',
    interactions: ONE_PURCHASE,
    catalogueColumns: { price: 'price', currency: 'in' },
    mapping: { currency: 'JPY', badRows: 'drop' },
  });
  expect(catalogue[0]).toMatchObject({ id: 'a', price: null });
  expect(report.noticed).toMatchObject([{ kind: 'item-without-price', rows: 1 }]);
});

test('typing errors among the prices are outliers, a clearance sale is not', async () => {
  const usual = Array.from({ length: 40 }, (_, at) => 1000 + 50 * at);
  const prices = [...usual, 500, 0, 1_980_000_000, 0.01];
  const { report } = await read({
    catalogue: `item,name,price\na,A,1980\n${prices.map((price, at) => `i${at},x,${price}`).join('\n')}\n`,
    interactions: ONE_PURCHASE,
    catalogueColumns: { price: 'price' },
  });
  expect(report.prices).toMatchObject([{ free: 1, outliers: 2, lowest: 0, highest: 1_980_000_000 }]);
});
