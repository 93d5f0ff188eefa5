import { createReadStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TextDecoder } from 'node:util';
import { createGunzip } from 'node:zlib';

import { DatasetError } from '../errors.ts';

/** Characters; a sequence of a million items fits. */
const LONGEST_LINE = 1 << 24;

/** Lines of a UTF-8 text file, plain or gzip-compressed, without their ends. For formats that know no quoting. */
export async function* textLines(path: string, label: string): AsyncIterable<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const bytes = new PassThrough();
  const file = createReadStream(path);
  const reading = path.endsWith('.gz') ? pipeline(file, createGunzip(), bytes) : pipeline(file, bytes);
  // What goes wrong on the way ends `bytes` with the same error.
  reading.catch(() => undefined);
  let rest = '';
  try {
    for await (const chunk of bytes as AsyncIterable<Uint8Array>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LONGEST_LINE) throw new RangeError('line too long');
      for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
    }
    rest += decoder.decode();
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw new DatasetError(
      'file-unreadable',
      'the text cannot be read',
      { file: label },
      `It has to be UTF-8${path.endsWith('.gz') ? ', gzip-compressed,' : ''} with lines of at most ${LONGEST_LINE} characters`,
    );
  } finally {
    file.destroy();
  }
  if (rest !== '') yield rest;
}
