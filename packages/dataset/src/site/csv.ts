import { open } from 'node:fs/promises';

const ROWS_AT_ONCE = 8192;

/** Writes a table as RFC 4180 CSV in UTF-8: header line, CRLF line ends, quotes where a cell needs them. */
export async function writeCsv(
  path: string,
  columns: readonly string[],
  rows: Iterable<readonly string[]>,
): Promise<void> {
  const file = await open(path, 'w');
  try {
    let lines = [csvLine(columns)];
    for (const row of rows) {
      lines.push(csvLine(row));
      if (lines.length === ROWS_AT_ONCE) {
        await file.write(lines.join(''));
        lines = [];
      }
    }
    await file.write(lines.join(''));
  } finally {
    await file.close();
  }
}

function csvLine(cells: readonly string[]): string {
  return cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',') + '\r\n';
}
