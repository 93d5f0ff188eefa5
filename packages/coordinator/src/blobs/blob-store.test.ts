import { readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { contentHash, parseHash } from '@noren/protocol';
import { expect, test } from 'vitest';

import { temporaryFolder } from '../testing/folders.ts';
import { BlobStore } from './blob-store.ts';

const content = Uint8Array.from({ length: 700_000 }, (_, index) => index % 251);

/** Hashes are compared: element by element the test runner would take half a minute. */
async function hashOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return contentHash(Buffer.concat(all));
}

test('gives back what was written, whole or from any byte', async () => {
  const blobs = await BlobStore.open(await temporaryFolder());
  const hash = await blobs.write(content);
  expect(hash).toBe(contentHash(content));
  expect(contentHash(await blobs.read(hash))).toBe(hash);
  expect(await blobs.size(hash)).toBe(content.length);
  expect(await hashOf(blobs.stream(hash, 0))).toBe(hash);
  expect(await hashOf(blobs.stream(hash, 654_321))).toBe(contentHash(content.subarray(654_321)));
});

test('what a crash left half-written is cleared and was never visible', async () => {
  const folder = await temporaryFolder();
  const blobs = await BlobStore.open(folder);
  const hash = await blobs.write(content);
  // A crash between creating the temporary file and its rename leaves exactly this.
  await writeFile(join(folder, '.incoming-0f0f'), content.subarray(0, 1000));
  const after = await BlobStore.open(folder);
  expect(await readdir(folder)).toEqual([hash]);
  expect(contentHash(await after.read(hash))).toBe(hash);
});

test('a file that lost its end is noticed, and writing it again mends it', async () => {
  const folder = await temporaryFolder();
  const blobs = await BlobStore.open(folder);
  const hash = await blobs.write(content);
  await truncate(join(folder, hash), 1000);
  await expect(blobs.read(hash)).rejects.toMatchObject({ code: 'blob-damaged' });
  await blobs.write(content);
  expect(contentHash(await blobs.read(hash))).toBe(hash);
});

test('writing the same content twice, at once or later, is one file', async () => {
  const folder = await temporaryFolder();
  const blobs = await BlobStore.open(folder);
  const hashes = await Promise.all([blobs.write(content), blobs.write(content), blobs.write(content)]);
  expect(new Set(hashes).size).toBe(1);
  expect(await readdir(folder)).toHaveLength(1);
  expect((await stat(join(folder, hashes[0] ?? ''))).mode & 0o777).toBe(0o600);
});

test('a blob that is not there is null in size and an error to read', async () => {
  const blobs = await BlobStore.open(await temporaryFolder());
  const hash = parseHash('00'.repeat(32));
  expect(await blobs.size(hash)).toBeNull();
  await expect(blobs.read(hash)).rejects.toMatchObject({ code: 'blob-missing' });
});
