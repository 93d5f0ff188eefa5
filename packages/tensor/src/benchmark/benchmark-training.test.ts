import { expect, test } from 'vitest';

import { benchmarkTraining } from './benchmark-training.ts';

test('the benchmark reports both runtimes in one table', async () => {
  const { rows } = await benchmarkTraining();
  expect(rows.map(({ unit }) => unit)).toEqual(['ms', 'ms', 'ms', 'times']);
  for (const { value } of rows) expect(value).toBeGreaterThan(0);
});
