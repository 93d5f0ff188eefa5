import type { Sequences } from '@noren/dataset';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstPurchases } from './first-purchases.ts';
import { trainingWindows } from './windows.ts';

function sequencesOf(...rows: number[][]): Sequences {
  const offsets = [0, ...rows.map((_, customer) => rows.slice(0, customer + 1).flat().length)];
  return {
    customers: rows.map((_, customer) => `c${customer}`),
    offsets: Int32Array.from(offsets),
    items: Int32Array.from(rows.flat()),
    times: Float64Array.from(rows.flat(), (_, at) => at),
  };
}

test('a long sequence is cut from its end; every item but the first is predicted once', () => {
  const windows = trainingWindows(sequencesOf([1, 2, 3, 4, 5, 6], [7, 8]), 3);
  expect(windows).toMatchObject({ count: 3, length: 3, examples: 6 });
  expect([...windows.inputs]).toEqual([3, 4, 5, 1, 2, 0, 7, 0, 0]);
  expect([...windows.targets]).toEqual([4, 5, 6, 2, 3, 0, 8, 0, 0]);
  expect([...windows.sizes]).toEqual([3, 2, 1]);
  expect([...windows.customers]).toEqual([0, 0, 1]);
});

test('a customer with one item or none gives no window', () => {
  expect(trainingWindows(sequencesOf([1], [], [2, 3]), 5).count).toBe(1);
  expect(trainingWindows(sequencesOf([1]), 5)).toMatchObject({ count: 0, examples: 0 });
});

test('windows hold exactly the neighbouring pairs of the sequences', () => {
  const rows = fc.array(fc.array(fc.nat(50), { maxLength: 30 }), { maxLength: 8 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 9 }), (sequences, length) => {
      const windows = trainingWindows(sequencesOf(...sequences), length);
      const found: string[] = [];
      for (let row = 0; row < windows.count; row += 1) {
        for (let at = 0; at < (windows.sizes[row] ?? 0); at += 1) {
          const place = row * windows.length + at;
          found.push(`${windows.inputs[place]}>${windows.targets[place]}`);
        }
      }
      const expected = sequences.flatMap((row) => row.slice(1).map((item, at) => `${row[at]}>${item}`));
      expect(found.toSorted()).toEqual(expected.toSorted());
    }),
  );
});

test('repeats are dropped, the first time of each item stays', () => {
  const once = firstPurchases(sequencesOf([1, 2, 1, 3, 2], [1, 1]));
  expect([...once.items]).toEqual([1, 2, 3, 1]);
  expect([...once.offsets]).toEqual([0, 3, 4]);
  expect([...once.times]).toEqual([0, 1, 3, 5]);
});
