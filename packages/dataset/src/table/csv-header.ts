import { createReadStream } from 'node:fs';
import { TextDecoder } from 'node:util';
import { createGunzip } from 'node:zlib';

import { DatasetError } from '../errors.ts';

const LONGEST_HEADER = 1 << 20;
const DELIMITERS = [',', '\t', ';', '|'] as const;

export interface CsvHeader {
  readonly delimiter: string;
  readonly columns: readonly string[];
}

/**
 * The first line of a CSV file, with the delimiter that cuts it into most columns. Read here and not sniffed by the
 * database, because sniffing falls back to one wide column as soon as a later row is malformed, and the message about
 * that row would be lost.
 */
export async function readCsvHeader(path: string, label: string): Promise<CsvHeader> {
  const line = await firstLine(path, label);
  let best: CsvHeader = { delimiter: ',', columns: cut(line, ',') };
  for (const delimiter of DELIMITERS) {
    const columns = cut(line, delimiter);
    if (columns.length > best.columns.length) best = { delimiter, columns };
  }
  if (line.trim() === '')
    throw new DatasetError(
      'file-unreadable',
      'the file is empty',
      { file: label },
      'The first line has to name the columns',
    );
  const twice = best.columns.find((column, at) => best.columns.indexOf(column) !== at);
  if (twice !== undefined)
    throw new DatasetError(
      'file-unreadable',
      'two columns have the same name',
      { file: label, column: twice },
      'Give every column a name of its own',
    );
  return best;
}

async function firstLine(path: string, label: string): Promise<string> {
  const file = createReadStream(path);
  const stream = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  const broken = new Promise<never>((_, reject) => file.once('error', reject));
  broken.catch(() => undefined);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  try {
    const chunks: AsyncIterator<unknown> = stream[Symbol.asyncIterator]();
    for (;;) {
      const next = await Promise.race([chunks.next(), broken]);
      if (next.done === true) break;
      if (next.value instanceof Uint8Array) text += decodeUpToLineEnd(decoder, next.value);
      const end = lineEnd(text);
      if (end >= 0) return text.slice(0, end);
      if (text.length > LONGEST_HEADER) break;
    }
  } catch {
    throw new DatasetError(
      'file-unreadable',
      'the first line cannot be read',
      { file: label },
      'Save the file as UTF-8 text with one header line' + (path.endsWith('.gz') ? ', gzip-compressed' : ''),
    );
  } finally {
    file.destroy();
  }
  if (text.length > LONGEST_HEADER)
    throw new DatasetError(
      'file-unreadable',
      'the first line is longer than 1 MiB',
      { file: label },
      'Is this a text table? The first line has to name the columns',
    );
  return text;
}

/** Only the header's own bytes must be UTF-8 here; a bad byte further down is reported with its line by the reader. */
function decodeUpToLineEnd(decoder: TextDecoder, bytes: Uint8Array): string {
  const end = bytes.indexOf(0x0a);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end + 1), { stream: true });
}

/** End of the first line that is not inside quotes. */
function lineEnd(text: string): number {
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    if (letter === '"') quoted = !quoted;
    else if (!quoted && letter === '\n') return text[i - 1] === '\r' ? i - 1 : i;
  }
  return -1;
}

/** RFC 4180: a quote inside a quoted cell is written twice. */
function cut(line: string, delimiter: string): string[] {
  const columns: string[] = [];
  let quoted = false;
  let cell = '';
  for (let i = 0; i < line.length; i++) {
    const letter = line[i] ?? '';
    if (letter === '"' && quoted && line[i + 1] === '"') {
      cell += letter;
      i++;
    } else if (letter === '"') quoted = !quoted;
    else if (letter === delimiter && !quoted) {
      columns.push(cell.trim());
      cell = '';
    } else cell += letter;
  }
  columns.push(cell.trim());
  return columns;
}
