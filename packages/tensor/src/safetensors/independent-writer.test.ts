import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { readSafetensors, writeSafetensors } from './index.ts';

test('a file of an independent writer is read, and survives being written again', async () => {
  const file = readSafetensors(await readFile(new URL('fixtures/independent.safetensors', import.meta.url)));
  expect(file.metadata).toEqual({ 'written-by': 'write_fixture.py', note: '日本語' });
  expect(new Map(file.tensors)).toEqual(
    new Map([
      ['head/bias', { shape: [3], data: Float32Array.of(0.5, -1.25, 3) }],
      ['encoder/weight', { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
      ['scale', { shape: [], data: Float32Array.of(0.1) }],
      ['商品/重み', { shape: [1, 2], data: Float32Array.of(-0, 1e-30) }],
    ]),
  );
  expect(readSafetensors(writeSafetensors(file))).toEqual(file);
});
