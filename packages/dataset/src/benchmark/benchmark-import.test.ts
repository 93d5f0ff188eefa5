import { expect, test } from 'vitest';

import { benchmarkImport } from './benchmark-import.ts';

test('a shop is made, read from both formats in processes of their own, and held against the memory target', async () => {
  const { rows } = await benchmarkImport({ rows: 2000 });
  expect(rows.map(({ name }) => name)).toEqual(
    ['parquet', 'csv'].flatMap((format) =>
      ['file', 'time', 'processor time', 'throughput', 'peak memory'].map(
        (what) => `2,000 purchases, ${format}: ${what}`,
      ),
    ),
  );
  expect(rows.every(({ value }) => value > 0)).toBe(true);
  expect(rows.filter(({ unit, target }) => unit === 'MiB' && target === 1024)).toHaveLength(2);
});
