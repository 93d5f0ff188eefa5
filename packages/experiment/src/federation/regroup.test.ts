import type { CatalogueItem } from '@noren/dataset';
import { expect, test } from 'vitest';
import { partOf, pool, type ShopData } from './regroup.ts';

const item = (id: string): CatalogueItem => ({ id, text: id, imagePath: null, price: null });

/** `purchases` by customer: item number and time. */
function shop(ids: readonly string[], purchases: Readonly<Record<string, readonly [number, number][]>>): ShopData {
  const rows = Object.values(purchases);
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((row, at) => (offsets[at + 1] = (offsets[at] ?? 0) + row.length));
  return {
    catalogue: ids.map((id) => item(id) as ShopData['catalogue'][number]),
    sequences: {
      customers: Object.keys(purchases),
      offsets,
      items: Int32Array.from(rows.flat(), ([bought]) => bought),
      times: Float64Array.from(rows.flat(), ([, time]) => time),
    },
  };
}

/** Identifiers bought, by customer. */
function bought({ catalogue, sequences: { customers, offsets, items } }: ShopData): Record<string, string[]> {
  return Object.fromEntries(
    customers.map((customer, at) => [
      customer,
      Array.from(items.subarray(offsets[at], offsets[at + 1]), (place) => catalogue[place]?.id ?? ''),
    ]),
  );
}

test('a customer of two shops has one sequence in order of time, with each item once', () => {
  const one = shop(['a', 'b'], {
    ann: [
      [0, 10],
      [1, 30],
    ],
    bob: [[0, 1]],
  });
  const other = shop(['b', 'c'], {
    ann: [
      [0, 20],
      [1, 25],
    ],
  });
  expect(bought(pool([one, other], 1))).toEqual({ ann: ['a', 'b', 'c'], bob: ['a'] });
});

test('who bought too little is left out', () => {
  const one = shop(['a', 'b'], {
    ann: [
      [0, 1],
      [1, 2],
    ],
    bob: [
      [0, 1],
      [0, 2],
    ],
  });
  expect(bought(pool([one], 2))).toEqual({ ann: ['a', 'b'] });
});

test('a part of a shop sells what its customers bought', () => {
  const whole = shop(['a', 'b', 'c'], {
    ann: [
      [2, 1],
      [0, 2],
    ],
    bob: [[1, 1]],
  });
  const part = partOf(whole, (customer) => customer === 'ann');
  expect(part.catalogue.map(({ id }) => id)).toEqual(['c', 'a']);
  expect(bought(part)).toEqual({ ann: ['c', 'a'] });
});
