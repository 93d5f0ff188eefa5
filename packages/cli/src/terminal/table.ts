/** Columns a terminal gives a string: East Asian wide and fullwidth characters take two (Unicode TR 11). */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text.replaceAll(ansi, '')) width += wide.test(character) ? 2 : 1;
  return width;
}

/** The ESC character, without a control character in the source. */
const ansi = new RegExp(String.raw`${String.fromCharCode(27)}\[[0-9;]*m`, 'g');
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/;

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** A plain table: a header, a rule, rows; no box drawing, so that it survives copy and paste. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, index) =>
    Math.max(displayWidth(column.title), ...rows.map((row) => displayWidth(row[index] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, index) => {
        const cell = cells[index] ?? '';
        const padding = ' '.repeat((widths[index] ?? 0) - displayWidth(cell));
        return column.align === 'right' ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd();
  return [
    line(columns.map((column) => column.title)),
    widths.map((width) => '─'.repeat(width)).join('  '),
    ...rows.map(line),
  ].join('\n');
}
