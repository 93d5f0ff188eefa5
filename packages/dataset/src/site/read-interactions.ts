import { resolve } from 'node:path';

import { DatasetError } from '../errors.ts';
import { InteractionLog } from '../interaction-log.ts';
import type { DroppedRows } from '../report.ts';
import { openTable, requireColumn, type Wanted } from '../table/table.ts';
import { BadRows } from './bad-rows.ts';
import { readId, readPrice, readTime } from './cells.ts';
import { PaidPrices } from '../paid-prices.ts';
import type { SiteSource } from './source.ts';

const MOST_INTERACTIONS = 200_000_000;

export interface InteractionReading {
  readonly base: string;
  readonly badRows: SiteSource['badRows'];
  readonly dropped: DroppedRows;
  /** Places in the catalogue by item id. */
  readonly numbers: ReadonlyMap<string, number>;
}

export interface InteractionsRead {
  readonly log: InteractionLog;
  readonly rowsRead: number;
  readonly paid: PaidPrices;
}

/** Streams the interactions into a packed log; rows that name an item outside the catalogue are counted and dropped. */
export async function readInteractions(
  source: SiteSource['interactions'],
  o: InteractionReading,
): Promise<InteractionsRead> {
  const path = resolve(o.base, source.file);
  const table = await openTable(path, { label: source.file, skipMalformed: o.badRows === 'drop' });
  try {
    const { customer, item, time, price } = source.columns;
    requireColumn(table, customer, source.file, 'interactions.columns.customer');
    requireColumn(table, item, source.file, 'interactions.columns.item');
    requireColumn(table, time, source.file, 'interactions.columns.time');
    if (price !== undefined) requireColumn(table, price, source.file, 'interactions.columns.price');
    const wanted: Wanted[] = [
      { column: customer, as: 'text' },
      { column: item, as: 'text' },
      { column: time, as: 'time' },
      ...(price === undefined ? [] : [{ column: price, as: 'text' } satisfies Wanted]),
    ];

    const bad = new BadRows(source.file, o.badRows, o.dropped);
    const log = new InteractionLog();
    const paid = new PaidPrices();
    let rowsRead = 0;
    let unknownItems = 0;
    for await (const chunk of table.scan(wanted)) {
      rowsRead += chunk.rows;
      if (rowsRead > MOST_INTERACTIONS) throw tooMany(source.file);
      const [customers = [], items = [], times = [], prices = []] = chunk.columns;
      for (let i = 0; i < chunk.rows; i++) {
        const row = { row: chunk.firstRow + i, consequence: 'row left out' };
        const customerRead = readId(customers[i]);
        const itemRead = readId(items[i]);
        const timeRead = readTime(times[i]);
        const priceRead = readPrice(prices[i]);
        if (!('id' in customerRead)) bad.add({ ...customerRead, ...row, column: customer });
        else if (!('id' in itemRead)) bad.add({ ...itemRead, ...row, column: item });
        else if (!('time' in timeRead)) bad.add({ ...timeRead, ...row, column: time });
        else if (!('price' in priceRead)) bad.add({ ...priceRead, ...row, column: price ?? '' });
        else {
          const number = o.numbers.get(itemRead.id);
          if (number === undefined) {
            unknownItems++;
            continue;
          }
          log.add(customerRead.id, number, timeRead.time);
          if (priceRead.price !== null) paid.add(number, priceRead.price);
        }
      }
    }
    bad.finish();
    o.dropped.add('the item is not in the catalogue', unknownItems);
    if (o.badRows === 'drop') {
      const malformed = await table.malformedRows();
      rowsRead += malformed;
      o.dropped.add(`${source.file}: not cut into columns (row left out)`, malformed);
    }
    if (rowsRead === 0)
      throw new DatasetError(
        'no-interactions',
        'the file has no rows',
        { file: source.file },
        'Export the purchases again',
      );
    if (log.length === 0 && unknownItems > 0)
      throw new DatasetError(
        'no-interactions',
        `none of the ${rowsRead} rows names an item of the catalogue`,
        { file: source.file, column: item },
        'Check that both item columns hold the same kind of identifier, with the same leading zeros',
      );
    return { log, rowsRead, paid };
  } finally {
    table.close();
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
