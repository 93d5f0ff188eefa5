import { readFile } from 'node:fs/promises';

/** A file as a plain Uint8Array. A Buffer's `slice` shares memory where Uint8Array's copies, which parsers trip over. */
export async function readBytes(path: string): Promise<Uint8Array> {
  const { buffer, byteOffset, byteLength } = await readFile(path);
  return new Uint8Array(buffer, byteOffset, byteLength);
}
