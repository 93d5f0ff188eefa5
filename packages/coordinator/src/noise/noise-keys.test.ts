import { readdir, readFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { temporaryFolder } from '../testing/folders.ts';
import { NoiseKeyFolder } from './noise-keys.ts';

test('a tree’s secret is the owner’s alone, survives a restart, and is forgotten with the tree', async () => {
  const folder = join(await temporaryFolder(), 'noise');
  const keys = await NoiseKeyFolder.open(folder);
  const first = await keys.begin();
  expect((await stat(join(folder, first))).mode & 0o777).toBe(0o600);
  const key = await keys.key(first);
  expect(key).toHaveLength(32);
  expect(await (await NoiseKeyFolder.open(folder)).key(first)).toEqual(key);
  const second = await keys.begin();
  expect(await readdir(folder)).toEqual([second]);
  expect(await keys.has(first)).toBe(false);
  expect(Buffer.from(await keys.key(second)).equals(Buffer.from(key))).toBe(false);
  expect(await readFile(join(folder, second))).toHaveLength(32);
});

test('a secret that is not there, or not whole, is said to be missing', async () => {
  const folder = await temporaryFolder();
  const keys = await NoiseKeyFolder.open(folder);
  await expect(keys.key('ab'.repeat(16))).rejects.toMatchObject({ code: 'noise-key-missing' });
  const tree = await keys.begin();
  await truncate(join(folder, tree), 31);
  expect(await keys.has(tree)).toBe(false);
});
