import fc from 'fast-check';
import { expect, test } from 'vitest';
import { topItems } from './top-items.ts';

test('the best open items are the start of the sorted list, equal scores in catalogue order', () => {
  const cases = fc.record({
    scores: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 }),
    excluded: fc.array(fc.nat(39)),
    count: fc.nat(45),
  });
  fc.assert(
    fc.property(cases, ({ scores, excluded, count }) => {
      const sorted = scores
        .map((score, item) => ({ score, item }))
        .filter(({ item }) => !excluded.includes(item))
        .toSorted((a, b) => b.score - a.score || a.item - b.item)
        .map(({ item }) => item);
      expect([...topItems(Float64Array.from(scores), new Set(excluded), count)]).toEqual(sorted.slice(0, count));
    }),
  );
});
