import { expect, test } from 'vitest';

import { benchmarkPytorch } from './benchmark-pytorch.ts';
import { SMALL } from './small-transformer.ts';

test('the benchmark times every part of the model, beside PyTorch where it is installed', async () => {
  const { rows } = await benchmarkPytorch(SMALL, 3);
  expect(rows.filter(({ name }) => name.endsWith('compiled (onnx)'))).toHaveLength(3);
  for (const { value } of rows) expect(value).toBeGreaterThan(0);
});
