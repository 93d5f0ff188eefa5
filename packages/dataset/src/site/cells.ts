import type { DatasetErrorCode } from '../errors.ts';
import { isCurrency } from './currency.ts';

/** Longest identifier, category and joined item text, in UTF-16 units. */
const LONGEST_ID = 256;
export const LONGEST_TEXT = 20_000;

export interface Fault {
  readonly code: DatasetErrorCode;
  readonly what: string;
}

/** An identifier, or what is wrong with it. Surrounding blanks are not part of it. */
export function readId(cell: unknown): { id: string } | Fault {
  const id = readText(cell);
  if (id === '') return { code: 'value-missing', what: 'the identifier is empty' };
  if (id.length > LONGEST_ID)
    return { code: 'value-too-long', what: `the identifier is longer than ${LONGEST_ID} characters` };
  return { id };
}

/** Text without surrounding blanks, '' for an empty cell. */
export function readText(cell: unknown): string {
  return typeof cell === 'string' ? cell.trim() : '';
}

/** A category; one that is too long to be a name is cut. */
export function readCategory(cell: unknown): string {
  return readText(cell).slice(0, LONGEST_ID);
}

/** A price (an empty cell is no price), or what is wrong with it. */
export function readPrice(cell: unknown): { price: number | null } | Fault {
  const text = readText(cell);
  if (text === '') return { price: null };
  if (/^[+-]?nan$/i.test(text))
    return { code: 'price-invalid', what: 'the price is NaN (leave the cell empty where there is no price)' };
  if (!isPlainNumber(text))
    return { code: 'price-invalid', what: 'the price is not a plain number such as 1980 or 12.50' };
  const price = Number(text);
  if (!Number.isFinite(price)) return { code: 'price-invalid', what: 'the price is too large' };
  if (price < 0) return { code: 'price-invalid', what: 'the price is negative' };
  return { price };
}

/** An ISO 4217 code (an empty cell is `usual`), or what is wrong with it. */
export function readCurrency(cell: unknown, usual: string | undefined): { currency: string | undefined } | Fault {
  const code = readText(cell).toUpperCase();
  if (code === '') return { currency: usual };
  if (!isCurrency(code))
    return { code: 'currency-invalid', what: 'the currency is not a code of ISO 4217, such as JPY or EUR' };
  return { currency: code };
}

/** Pieces, of either sign (an empty cell is one), or what is wrong. */
export function readQuantity(cell: unknown): { quantity: number } | Fault {
  const text = readText(cell);
  if (text === '') return { quantity: 1 };
  if (!isPlainNumber(text)) return { code: 'quantity-invalid', what: 'the quantity is not a plain number such as 2' };
  return { quantity: Number(text) };
}

function isPlainNumber(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
}

/** Milliseconds since 1970, or what is wrong. Years outside 1971-2199 are taken for a unit mistaken or a placeholder. */
export function readTime(cell: unknown): { time: number } | Fault {
  if (typeof cell !== 'number' || !Number.isFinite(cell))
    return { code: 'time-invalid', what: 'not a date or time such as 2024-05-31 or 2024-05-31T18:30:00+09:00' };
  if (cell < Date.UTC(1971, 0) || cell >= Date.UTC(2200, 0))
    return { code: 'time-invalid', what: 'the year is not between 1971 and 2199' };
  return { time: cell };
}
