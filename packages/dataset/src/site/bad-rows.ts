import { DatasetError, type DatasetErrorCode, type Place } from '../errors.ts';

/** How many bad rows a message names. */
const NAMED = 5;

export interface BadRow<Kind> {
  readonly code: DatasetErrorCode;
  /** As what it is counted under `drop`. */
  readonly kind: Kind;
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
export class BadRows<Kind> {
  readonly #file: string;
  readonly #policy: 'refuse' | 'drop';
  readonly #count: (kind: Kind, reason: string) => void;
  readonly #first: BadRow<Kind>[] = [];
  #rows = 0;

  constructor(file: string, policy: 'refuse' | 'drop', count: (kind: Kind, reason: string) => void) {
    this.#file = file;
    this.#policy = policy;
    this.#count = count;
  }

  add(bad: BadRow<Kind>): void {
    this.#rows++;
    if (this.#first.length < NAMED) this.#first.push(bad);
    if (this.#policy === 'drop') this.#count(bad.kind, `${this.#file}: ${bad.what} (${bad.consequence})`);
  }

  /** Throws under `refuse` if anything was bad. */
  finish(): void {
    const first = this.#first[0];
    if (first === undefined || this.#policy === 'drop') return;
    const named = this.#first.map(
      (bad) =>
        `row ${bad.row}, column "${bad.column}"${bad.item === undefined ? '' : `, item "${bad.item}"`}: ${bad.what}`,
    );
    const more = this.#rows > NAMED ? `; and ${this.#rows - NAMED} more` : '';
    const place: Place = { file: this.#file, row: first.row, column: first.column };
    throw new DatasetError(
      first.code,
      `${this.#rows} bad ${this.#rows === 1 ? 'row' : 'rows'}: ${named.join('; ')}${more}`,
      place,
      'Correct the file, or set badRows to "drop" to leave such rows out and count them',
    );
  }
}
