import fc from 'fast-check';
import { expect, test } from 'vitest';

import { keepCore } from './k-core.ts';
import { ReadingCounts } from './reading-counts.ts';
import type { Sequences } from './retail-data.ts';

function sequencesOf(baskets: readonly (readonly number[])[]): Sequences {
  const items = baskets.flat();
  return {
    customers: baskets.map((_, at) => `customer ${at}`),
    offsets: Int32Array.from([0, ...baskets.map((_, at) => baskets.slice(0, at + 1).flat().length)]),
    items: Int32Array.from(items),
    times: Float64Array.from(items, (_, at) => at * 1000),
  };
}

interface Row {
  readonly customer: string;
  readonly item: number;
  readonly time: number;
}

function rowsOf({ customers, offsets, items, times }: Sequences): Row[] {
  return customers.flatMap((customer, at) =>
    [...items.subarray(offsets[at], offsets[at + 1])].map((item, place) => ({
      customer,
      item,
      time: times[(offsets[at] ?? 0) + place] ?? -1,
    })),
  );
}

/** Takes away one failing row's whole item or customer at a time. */
function peel(rows: readonly Row[], minimumSequence: number, minimumItemPurchases: number): readonly Row[] {
  const failing = rows.find(
    (row) =>
      rows.filter(({ customer }) => customer === row.customer).length < minimumSequence ||
      rows.filter(({ item }) => item === row.item).length < minimumItemPurchases,
  );
  return failing === undefined
    ? rows
    : peel(
        rows.filter((row) => row !== failing),
        minimumSequence,
        minimumItemPurchases,
      );
}

test('a rare item that leaves takes along the customer who is then too short, and that customer the next item', () => {
  const counts = new ReadingCounts();
  const core = keepCore(
    sequencesOf([
      [0, 1],
      [0, 1],
      [2, 3],
      [2, 0],
    ]),
    { minimumSequence: 2, minimumItemPurchases: 2 },
    counts,
  );
  expect(core.customers).toEqual(['customer 0', 'customer 1']);
  expect([...core.items]).toEqual([0, 1, 0, 1]);
  expect([...core.times]).toEqual([0, 1000, 2000, 3000]);
  expect([...core.offsets]).toEqual([0, 2, 4]);
  expect(counts.dropped).toEqual([
    { kind: 'rare-item', reason: 'the item has fewer than 2 purchases', rows: 2 },
    { kind: 'few-purchases', reason: 'the customer has fewer than 2 purchases of the items left', rows: 2 },
  ]);
});

test('any log keeps exactly what peeling it row by row keeps, and every other row is reported', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.nat(5), { maxLength: 6 }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      (baskets, minimumSequence, minimumItemPurchases) => {
        const sequences = sequencesOf(baskets);
        const counts = new ReadingCounts();
        const core = keepCore(sequences, { minimumSequence, minimumItemPurchases }, counts);
        expect(rowsOf(core)).toEqual(peel(rowsOf(sequences), minimumSequence, minimumItemPurchases));
        expect(core.offsets.length).toBe(core.customers.length + 1);
        const lost = counts.dropped.reduce((sum, { rows }) => sum + rows, 0);
        expect(lost + core.items.length).toBe(sequences.items.length);
      },
    ),
  );
});
