import { expect, test } from 'vitest';

import { benchmarkRanking } from './benchmark-ranking.ts';

test('the benchmark reports ranking inside and outside the graph in one table', async () => {
  const { rows } = await benchmarkRanking({ customers: 200, items: 300 });
  expect(rows.map(({ unit }) => unit)).toEqual(['s', 's']);
  for (const { value } of rows) expect(value).toBeGreaterThan(0);
});
