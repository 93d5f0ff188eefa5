import fc from 'fast-check';
import { expect, test } from 'vitest';

import { InteractionLog } from './interaction-log.ts';
import { ReadingCounts } from './reading-counts.ts';

test('any log becomes what sorting, deduplicating and filtering row by row gives', () => {
  const row = fc.record({ customer: fc.constantFrom('a', 'b', 'c', 'd'), item: fc.nat(5), time: fc.nat(4) });
  fc.assert(
    fc.property(
      fc.array(row, { maxLength: 60 }),
      fc.constantFrom('first' as const, 'keep' as const),
      fc.integer({ min: 1, max: 4 }),
      (rows, repeats, minimumSequence) => {
        const log = new InteractionLog();
        for (const { customer, item, time } of rows) log.add(customer, item, time);
        const counts = new ReadingCounts();
        const { customers, offsets, items, times } = log.sequences({ repeats, minimumSequence }, counts);

        const expected = [...new Set(rows.map(({ customer }) => customer))].flatMap((customer) => {
          const sorted = rows.filter((one) => one.customer === customer).toSorted((a, b) => a.time - b.time);
          const kept = sorted.filter(
            ({ item }, at) => repeats === 'keep' || sorted.findIndex((other) => other.item === item) === at,
          );
          return kept.length < minimumSequence ? [] : [{ customer, kept }];
        });
        expect(customers).toEqual(expected.map(({ customer }) => customer));
        expect([...items]).toEqual(expected.flatMap(({ kept }) => kept.map(({ item }) => item)));
        expect([...times]).toEqual(expected.flatMap(({ kept }) => kept.map(({ time }) => time)));
        expect([...offsets]).toEqual([
          0,
          ...expected.map((_, at) => expected.slice(0, at + 1).reduce((sum, { kept }) => sum + kept.length, 0)),
        ]);
        const lost = counts.dropped.reduce((sum, { rows: count }) => sum + count, 0);
        expect(lost + items.length).toBe(rows.length);
      },
    ),
  );
});

test('a log grows beyond its first size without losing rows', () => {
  const log = new InteractionLog();
  for (let row = 0; row < 5000; row++) log.add(`customer ${row % 7}`, row, row);
  const { offsets, items } = log.sequences({ repeats: 'first', minimumSequence: 1 }, new ReadingCounts());
  expect(offsets.at(-1)).toBe(5000);
  expect(items[4999]).toBe(4997);
});
