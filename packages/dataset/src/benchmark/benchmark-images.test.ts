import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { errorOf, plainJpeg, put, temporaryFolder } from '../testing/fixtures.ts';
import { benchmarkImages } from './benchmark-images.ts';

const folder = temporaryFolder();

test('images in folders of any depth are measured, other files are passed over', async () => {
  put(folder, 'a.jpg', await plainJpeg('#cc2222'));
  put(folder, 'deep/er/b.JPEG', await plainJpeg('#2222cc'));
  put(folder, 'deep/notes.txt', 'no image');
  const { rows } = await benchmarkImages({ folder });
  expect(rows.map(({ name }) => name)).toEqual([
    '2 images, nothing cached',
    'throughput, nothing cached',
    '2 images, all cached',
  ]);
  expect(rows.every(({ value }) => value > 0)).toBe(true);
});

test('a folder without images, or none at all, is named', async () => {
  mkdirSync(join(folder, 'empty'));
  for (const name of ['empty', 'absent'])
    expect(await errorOf(benchmarkImages({ folder: join(folder, name) }))).toMatchObject({
      code: 'file-missing',
      place: { file: join(folder, name) },
    });
});
