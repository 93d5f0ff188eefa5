import { expect, test } from 'vitest';

import { benchmarkWorker } from './benchmark-worker.ts';

test('the benchmark reports the owner of a worker beside one that trains itself', async () => {
  const module = new URL('../testing/workers/training-thread.mjs', import.meta.url);
  const { rows } = await benchmarkWorker({ steps: 2 }, module);
  expect(rows.map(({ unit }) => unit)).toEqual(['ms', 'ms']);
  expect(rows[0]?.name).toMatch(/2 steps in a worker/);
  for (const { value } of rows) expect(value).toBeGreaterThan(0);
});
