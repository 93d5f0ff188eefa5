import { expect, test } from 'vitest';

import { displayWidth, renderTable } from './table.ts';

test('Japanese text takes two columns a character, colours take none', () => {
  expect(displayWidth('店舗A')).toBe(5);
  expect(displayWidth('\u001b[32mok\u001b[39m')).toBe(2);
});

test('columns line up whatever the script', () => {
  const table = renderTable(
    [{ title: '店舗' }, { title: 'NDCG', align: 'right' }],
    [
      ['青山', '.12'],
      ['harbour', '.3'],
    ],
  );
  expect(table.split('\n')).toEqual(['店舗     NDCG', '───────  ────', '青山      .12', 'harbour    .3']);
});
