import { DatasetError, type DatasetErrorCode, type Place } from '../errors.ts';
import type { DroppedRows } from '../report.ts';

/** How many bad rows a message names. */
const NAMED = 5;

export interface BadRow {
  readonly code: DatasetErrorCode;
  /** What is wrong, without the value itself: cells may identify customers. */
  readonly what: string;
  readonly row: number;
  readonly column: string;
  /** Id of the catalogue item concerned, where that helps to find the row. */
  readonly item?: string;
  /** What happens to the row under `drop`. */
  readonly consequence: string;
}

/** Collects a file's bad rows: under `refuse` to name them all at once at the end, under `drop` to count them. */
export class BadRows {
  readonly #file: string;
  readonly #policy: 'refuse' | 'drop';
  readonly #dropped: DroppedRows;
  readonly #first: BadRow[] = [];
  #count = 0;

  constructor(file: string, policy: 'refuse' | 'drop', dropped: DroppedRows) {
    this.#file = file;
    this.#policy = policy;
    this.#dropped = dropped;
  }

  add(bad: BadRow): void {
    this.#count++;
    if (this.#first.length < NAMED) this.#first.push(bad);
    if (this.#policy === 'drop') this.#dropped.add(`${this.#file}: ${bad.what} (${bad.consequence})`);
  }

  /** Throws under `refuse` if anything was bad. */
  finish(): void {
    const first = this.#first[0];
    if (first === undefined || this.#policy === 'drop') return;
    const named = this.#first.map(
      (bad) =>
        `row ${bad.row}, column "${bad.column}"${bad.item === undefined ? '' : `, item "${bad.item}"`}: ${bad.what}`,
    );
    const more = this.#count > NAMED ? `; and ${this.#count - NAMED} more` : '';
    const place: Place = { file: this.#file, row: first.row, column: first.column };
    throw new DatasetError(
      first.code,
      `${this.#count} bad ${this.#count === 1 ? 'row' : 'rows'}: ${named.join('; ')}${more}`,
      place,
      'Correct the file, or set badRows to "drop" to leave such rows out and count them',
    );
  }
}
