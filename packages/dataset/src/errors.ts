export type DatasetErrorCode =
  | 'mapping-invalid'
  | 'file-missing'
  | 'file-unreadable'
  | 'row-malformed'
  | 'column-missing'
  | 'column-type'
  | 'value-missing'
  | 'value-too-long'
  | 'time-invalid'
  | 'price-invalid'
  | 'currency-invalid'
  | 'quantity-invalid'
  | 'item-duplicate'
  | 'image-missing'
  | 'image-corrupt'
  | 'too-large'
  | 'no-items'
  | 'no-interactions'
  | 'layout-unknown'
  | 'split-invalid'
  | 'world-invalid'
  | 'features-invalid'
  | 'model-invalid'
  | 'featuriser-invalid'
  | 'encoder-mismatch';

/**
 * Where in the input something is wrong. `row` counts data rows from 1, the header not included; `line` counts the
 * lines of a text file from 1 and is given where a row could not even be cut into columns.
 */
export interface Place {
  readonly file?: string;
  readonly row?: number;
  readonly line?: number;
  readonly column?: string;
}

/**
 * The one error of this package. The message says what happened, where, and what to do about it; it never contains
 * a customer's identifier or an item's text, so it may be shown to an operator and kept in a log.
 */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';
  readonly code: DatasetErrorCode;
  readonly place: Place;
  readonly remedy: string;

  constructor(code: DatasetErrorCode, what: string, place: Place, remedy: string, cause?: unknown) {
    super(`${what}${describe(place)}. ${remedy}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.place = place;
    this.remedy = remedy;
  }
}

function describe(place: Place): string {
  const parts = [
    place.file,
    place.row === undefined ? undefined : `row ${place.row}`,
    place.line === undefined ? undefined : `line ${place.line}`,
    place.column === undefined ? undefined : `column "${place.column}"`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}
