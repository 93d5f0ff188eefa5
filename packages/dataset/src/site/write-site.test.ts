import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { InteractionLog } from '../interaction-log.ts';
import { ReadingCounts } from '../reading-counts.ts';
import { reportOf } from '../report.ts';
import type { CatalogueItem, RetailData } from '../retail-data.ts';
import { plainJpeg, put, temporaryFolder } from '../testing/fixtures.ts';
import { readSite } from './read-site.ts';
import { writeSite } from './write-site.ts';

const folder = temporaryFolder();

function dataOf(catalogue: readonly CatalogueItem[], purchases: readonly [string, number, number][]): RetailData {
  const log = new InteractionLog();
  for (const purchase of purchases) log.add(...purchase);
  const counts = new ReadingCounts();
  const sequences = log.sequences({ repeats: 'keep', minimumSequence: 1 }, counts);
  return { catalogue, sequences, report: reportOf({ catalogue, sequences, rowsRead: log.length, counts }) };
}

test('a site that is written reads back the same, images where they lie', async () => {
  const photo = put(folder, 'photos/tops/a.jpg', await plainJpeg('#123456'));
  const other = put(folder, 'photos/shoes/b.jpg', await plainJpeg('#654321'));
  const data = dataOf(
    [
      { id: '007', text: 'a "quoted", text\nover two lines', imagePath: photo, price: 0.1 },
      { id: 'b', text: '', imagePath: null, price: null },
      { id: '猫', text: '猫の「皿」', imagePath: other, price: 1e21 },
    ],
    [
      ['x,y', 0, Date.UTC(2024, 0, 1, 2, 3, 4, 567)],
      ['x,y', 2, Date.UTC(2024, 0, 1, 2, 3, 4, 567)],
      ['z', 1, Date.UTC(1999, 11, 31)],
    ],
  );
  const target = join(folder, 'written');
  const source = await writeSite(target, data);
  expect(await readSite(source, target)).toEqual(data);
  expect(readFileSync(join(target, 'catalogue.csv'), 'utf8').split('\r\n')[0]).toBe(
    'item,text,image,price,currency,category',
  );
});

test('a site without images and prices has no such columns in its mapping', async () => {
  const data = dataOf([{ id: 'a', text: 'shirt', imagePath: null, price: null }], [['x', 0, Date.UTC(2024, 0)]]);
  const target = join(folder, 'bare');
  const source = await writeSite(target, data);
  expect(source.catalogue.columns).toEqual({ item: 'item', text: ['text'] });
  expect(await readSite(source, target)).toEqual(data);
});

test.each([
  ['one currency', ['JPY', 'JPY']],
  ['two currencies', ['JPY', 'EUR']],
])('%s and categories are read back', async (name, currencies) => {
  const catalogue = currencies.map((currency, at): CatalogueItem => {
    return {
      id: String(at),
      text: 'x',
      imagePath: null,
      price: at,
      currency,
      ...(at === 0 ? { category: '食器' } : {}),
    };
  });
  const data = dataOf(catalogue, [['x', 0, Date.UTC(2024, 0)]]);
  const target = join(folder, name);
  expect(await readSite(await writeSite(target, data), target)).toEqual(data);
});

test('whatever the texts, identifiers and prices: written and read is the same', async () => {
  const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).map((text) => text.replaceAll('\0', ''));
  const trimmed = word.map((text) => text.trim()).filter((text) => text !== '');
  const price = fc.option(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map(Math.abs));
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(trimmed, { minLength: 1, maxLength: 4 }),
      fc.array(
        word.map((text) => text.trim()),
        { minLength: 4, maxLength: 4 },
      ),
      fc.array(price, { minLength: 4, maxLength: 4 }),
      fc.array(
        fc.tuple(trimmed, fc.nat(3), fc.date({ min: new Date('1980'), max: new Date('2100'), noInvalidDate: true })),
        {
          minLength: 1,
          maxLength: 8,
        },
      ),
      async (ids, texts, prices, purchases) => {
        const catalogue = ids.map((id, at) => ({
          id,
          text: texts[at] ?? '',
          imagePath: null,
          price: prices[at] ?? null,
        }));
        const rows = purchases.map(([customer, item, time]): [string, number, number] => [
          customer,
          item % ids.length,
          time.getTime(),
        ]);
        const data = dataOf(catalogue, rows);
        const target = join(folder, 'any');
        expect(await readSite(await writeSite(target, data), target)).toEqual(data);
      },
    ),
    { numRuns: 25 },
  );
});
