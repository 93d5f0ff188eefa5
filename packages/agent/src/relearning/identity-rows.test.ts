import { expect, test } from 'vitest';
import { rowsOfItems, tableOfItems } from './identity-rows.ts';

const catalogue = (...ids: string[]): { id: string }[] => ids.map((id) => ({ id }));
const kept = rowsOfItems(Float32Array.of(1, 2, 3, 4, 5, 6), catalogue('a', 'b', 'c'), Uint8Array.of(1, 0, 1));

test('a model keeps the rows of the items that were bought, by their ids', () => {
  expect(kept.items).toEqual(['a', 'c']);
  expect(kept.rows).toEqual({ shape: [2, 2], data: Float32Array.of(1, 2, 5, 6) });
});

test('in another catalogue an item keeps its row wherever it stands, and a new one has zeros', () => {
  expect(tableOfItems(kept, catalogue('new', 'c', 'b', 'a'))).toEqual(Float32Array.of(0, 0, 5, 6, 0, 0, 1, 2));
  expect(tableOfItems(kept, catalogue('new'))).toEqual(Float32Array.of(0, 0));
});
