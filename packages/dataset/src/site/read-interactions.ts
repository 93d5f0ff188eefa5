import { resolve } from 'node:path';

import { DatasetError } from '../errors.ts';
import { InteractionLog } from '../interaction-log.ts';
import { PaidPrices } from '../paid-prices.ts';
import type { DropKind, ReadingCounts } from '../reading-counts.ts';
import type { CatalogueItem, Progress } from '../retail-data.ts';
import { openTable, requireColumn } from '../table/table.ts';
import { BadRows } from './bad-rows.ts';
import { readCurrency, readId, readPrice, readQuantity, type Fault } from './cells.ts';
import { InteractionColumns, type InteractionCells } from './interaction-columns.ts';
import type { SiteSource } from './source.ts';

const MOST_INTERACTIONS = 200_000_000;
/** Rows; a second or less. */
const TOLD_EVERY = 100_000;

export interface InteractionReading {
  readonly base: string;
  readonly counts: ReadingCounts;
  readonly catalogue: readonly CatalogueItem[];
  /** Called every so many rows; how many there are is known at the end only. */
  readonly onProgress: Progress;
}

export interface InteractionsRead {
  readonly log: InteractionLog;
  readonly rowsRead: number;
  /** Of the items without a price in the catalogue. */
  readonly paid: PaidPrices;
}

/** Streams the interactions into a packed log; rows that name an item outside the catalogue are counted and dropped. */
export async function readInteractions(source: SiteSource, o: InteractionReading): Promise<InteractionsRead> {
  const { file } = source.interactions;
  const isDropping = source.badRows === 'drop';
  const table = await openTable(resolve(o.base, file), { label: file, skipMalformed: isDropping });
  try {
    const columns = new InteractionColumns(source);
    for (const { wanted, meaning } of columns.wanted) requireColumn(table, wanted, file, meaning);
    const rows = new InteractionRows(source, o);
    let rowsRead = 0;
    for await (const chunk of table.scan(columns.wanted.map(({ wanted }) => wanted))) {
      rowsRead += chunk.rows;
      if (rowsRead > MOST_INTERACTIONS) throw tooMany(file);
      rows.add(columns.cut(chunk.columns), chunk.firstRow, chunk.rows);
      if (Math.floor(rowsRead / TOLD_EVERY) > Math.floor((rowsRead - chunk.rows) / TOLD_EVERY))
        o.onProgress(rowsRead, rowsRead, 'reading interactions');
    }
    rows.finish();
    if (isDropping) {
      const malformed = await table.malformedRows();
      rowsRead += malformed;
      o.counts.drop('malformed', `${file}: not cut into columns (row left out)`, malformed);
    }
    if (rowsRead === 0)
      throw new DatasetError('no-interactions', 'the file has no rows', { file }, 'Export the purchases again');
    if (rows.log.length === 0 && rows.unknownItems > 0)
      throw new DatasetError(
        'no-interactions',
        `none of the ${rowsRead} rows names an item of the catalogue`,
        { file, column: source.interactions.columns.item },
        'Check that both item columns hold the same kind of identifier, with the same leading zeros',
      );
    return { log: rows.log, rowsRead, paid: rows.paid };
  } finally {
    table.close();
  }
}

class InteractionRows {
  readonly log = new InteractionLog();
  readonly paid = new PaidPrices();
  unknownItems = 0;
  readonly #source: SiteSource;
  readonly #counts: ReadingCounts;
  readonly #catalogue: readonly CatalogueItem[];
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #bad: BadRows<DropKind>;

  constructor(source: SiteSource, { counts, catalogue }: InteractionReading) {
    this.#source = source;
    this.#counts = counts;
    this.#catalogue = catalogue;
    this.#numbers = new Map(catalogue.map(({ id }, number) => [id, number]));
    this.#bad = new BadRows(source.interactions.file, source.badRows, (kind, reason) => counts.drop(kind, reason));
  }

  add(cells: InteractionCells, firstRow: number, rows: number): void {
    for (let at = 0; at < rows; at++) {
      const fault = this.#addRow(cells, at);
      if (fault !== null) this.#bad.add({ ...fault, row: firstRow + at, consequence: 'row left out' });
    }
  }

  /** Throws where bad rows are refused and there were some. */
  finish(): void {
    this.#bad.finish();
    this.#counts.drop('unknown-item', 'the item is not in the catalogue', this.unknownItems);
  }

  #addRow(cells: InteractionCells, at: number): (Fault & { kind: DropKind; column: string }) | null {
    const { columns } = this.#source.interactions;
    const customer = readId(cells.customer[at]);
    if (!('id' in customer)) return { ...customer, kind: 'no-customer', column: columns.customer };
    const item = readId(cells.item[at]);
    if (!('id' in item)) return { ...item, kind: 'no-item', column: columns.item };
    const time = cells.time(at);
    if (!('time' in time)) return { ...time, kind: 'bad-time', column: columns.time };
    const quantity = readQuantity(cells.quantity[at]);
    if (!('quantity' in quantity)) return { ...quantity, kind: 'bad-quantity', column: columns.quantity ?? '' };
    const price = readPrice(cells.price[at]);
    if (!('price' in price)) return { ...price, kind: 'bad-price', column: columns.price ?? '' };
    const regular = readPrice(cells.regularPrice[at]);
    if (!('price' in regular)) return { ...regular, kind: 'bad-price', column: columns.regularPrice ?? '' };
    const currency = readCurrency(cells.currency[at], this.#source.currency);
    if (!('currency' in currency)) return { ...currency, kind: 'bad-price', column: columns.currency ?? '' };
    const number = this.#numbers.get(item.id);
    if (number === undefined) {
      this.unknownItems++;
      return null;
    }
    if (quantity.quantity <= 0) {
      this.#counts.drop('cancellation', `${this.#source.interactions.file}: no piece was sold, or one came back`);
      return null;
    }
    if (time.clock !== 'plain') this.#noticeClock(time.clock);
    this.log.add(customer.id, number, time.time);
    this.#pay(number, regular.price ?? price.price, currency.currency);
    return null;
  }

  #pay(number: number, price: number | null, currency: string | undefined): void {
    const item = this.#catalogue[number];
    if (price === null || item?.price !== null) return;
    if (item.currency === currency) this.paid.add(number, price);
    else
      this.#counts.notice(
        'paid-in-another-currency',
        `${this.#source.interactions.file}: paid in another currency than the item's (not counted in its price)`,
      );
  }

  #noticeClock(clock: 'skipped' | 'twice'): void {
    const { file } = this.#source.interactions;
    if (clock === 'skipped')
      this.#counts.notice(
        'time-skipped',
        `${file}: clocks were put forward over this time (read as before the change)`,
      );
    else
      this.#counts.notice('time-twice', `${file}: clocks were put back and showed this time twice (the first taken)`);
  }
}

function tooMany(file: string): DatasetError {
  return new DatasetError(
    'too-large',
    `the file has more than ${MOST_INTERACTIONS} rows`,
    { file },
    'Export a shorter period: the most recent two years are enough',
  );
}
