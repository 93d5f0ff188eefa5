import { DatasetError } from '../errors.ts';
import { textLines } from './text-lines.ts';

export interface AtomicRow<Field extends string> {
  /** From 1, the header not included. */
  readonly row: number;
  readonly cells: Readonly<Record<Field, string>>;
}

/**
 * Rows of a RecBole "atomic file": tab-separated, no quoting, and a header line of `name:type` (Zhao et al., "RecBole",
 * CIKM 2021).
 */
export async function* atomicRows<Field extends string>(
  path: string,
  label: string,
  fields: readonly Field[],
): AsyncIterable<AtomicRow<Field>> {
  let places: number[] | null = null;
  let row = 0;
  for await (const line of textLines(path, label)) {
    const cells = line.split('\t');
    if (places === null) {
      places = placesOf(cells, label, fields);
      continue;
    }
    if (line === '') continue;
    row++;
    const found = places.map((place, at): [Field, string] => [fields[at] as Field, cells[place]?.trim() ?? '']);
    yield { row, cells: Object.fromEntries(found) as Record<Field, string> };
  }
  if (places === null)
    throw new DatasetError(
      'file-unreadable',
      'the file is empty',
      { file: label },
      `The first line has to name ${fields.join(', ')}`,
    );
}

function placesOf(header: readonly string[], label: string, fields: readonly string[]): number[] {
  const names = header.map((cell) => cell.split(':')[0]?.trim() ?? '');
  return fields.map((field) => {
    const place = names.indexOf(field);
    if (place < 0)
      throw new DatasetError(
        'column-missing',
        `there is no field "${field}" (a field of the upstream layout)`,
        { file: label },
        `The first line names ${names.join(', ')}`,
      );
    return place;
  });
}
