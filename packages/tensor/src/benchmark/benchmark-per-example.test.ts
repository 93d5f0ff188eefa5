import { expect, test } from 'vitest';

import { benchmarkPerExample } from './benchmark-per-example.ts';

test('the benchmark reports the step, the pass and the loop in one table', async () => {
  const { rows } = await benchmarkPerExample();
  expect(rows.map(({ unit }) => unit)).toEqual(['ms', 'ms', 'ms', 'times', 'times']);
  for (const { value } of rows) expect(value).toBeGreaterThan(0);
});
