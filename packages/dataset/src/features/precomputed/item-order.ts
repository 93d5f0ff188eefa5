import { DatasetError } from '../../errors.ts';
import { readId } from '../../site/cells.ts';

/** A list of two million ids of the longest kind. */
export const LARGEST_ITEM_LIST: number = 512 * 2 ** 20;

/**
 * The ids of the rows, in order, out of an item list: JSON (an array of ids, or an object id -> row), or text (one id
 * a line, or id, tab, row; rows count from 0). Throws DatasetError `features-invalid` unless it names each of the
 * `rows` once. `label` is how messages name the file.
 */
export function readItemOrder(text: string, rows: number, label: string): string[] {
  const entries = /^\s*[[{]/.test(text) ? fromJson(text, label) : fromLines(text);
  if (entries.length !== rows)
    throw invalid(`it lists ${entries.length} items where the features have ${rows} rows`, label);
  const ids = Array.from<string | undefined>({ length: rows });
  const seen = new Set<string>();
  for (const [at, { id: written, row }] of entries.entries()) {
    const entry = `entry ${at + 1}`;
    const found = readId(written);
    if (!('id' in found)) throw invalid(`${entry}: ${found.what}`, label);
    if (seen.has(found.id)) throw invalid(`${entry}: the item "${found.id}" occurs more than once`, label);
    seen.add(found.id);
    if (!Number.isInteger(row) || row < 0 || row >= rows)
      throw invalid(`${entry}: its row is not a whole number from 0 to ${rows - 1}`, label);
    if (ids[row] !== undefined) throw invalid(`${entry}: row ${row} has two items`, label);
    ids[row] = found.id;
  }
  return ids.map((id) => id ?? '');
}

interface Entry {
  readonly id: unknown;
  readonly row: number;
}

function fromJson(text: string, label: string): Entry[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid('it begins like JSON but is none', label, cause);
  }
  if (Array.isArray(value)) return value.map((id, row): Entry => ({ id, row }));
  return Object.entries(value as object).map(([id, row]): Entry => ({ id, row: typeof row === 'number' ? row : NaN }));
}

function fromLines(text: string): Entry[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const numbered = lines[0]?.includes('\t') === true;
  return lines.map((line, row): Entry => {
    if (!numbered) return { id: line, row };
    const [id, written = '', ...rest] = line.split('\t');
    return { id, row: /^\d{1,9}$/.test(written.trim()) && rest.length === 0 ? Number(written) : NaN };
  });
}

function invalid(what: string, file: string, cause?: unknown): DatasetError {
  return new DatasetError('features-invalid', what, { file }, 'Correct the list of items', cause);
}
