import type { Wanted } from '../table/column.ts';
import type { TableChunk } from '../table/table.ts';
import { readTime, type Fault } from './cells.ts';
import { LocalClock, type LocalTime } from './local-clock.ts';
import type { SiteSource } from './source.ts';

type Cells = TableChunk['columns'][number];
const NO_CELLS: Cells = [];

/** A chunk's cells by meaning; a column that the mapping does not name has none. */
export interface InteractionCells {
  readonly customer: Cells;
  readonly item: Cells;
  readonly quantity: Cells;
  readonly price: Cells;
  readonly regularPrice: Cells;
  readonly currency: Cells;
  time(at: number): LocalTime | Fault;
}

/** Which columns of the interactions are read and how, and which cells they come to. */
export class InteractionColumns {
  readonly wanted: readonly { readonly wanted: Wanted; readonly meaning: string }[];
  readonly #clock: LocalClock | null;
  readonly #places: ReadonlyMap<string, number>;

  constructor({ interactions, timeZone }: SiteSource) {
    const { columns, timeUnit } = interactions;
    const isLocal = timeUnit === undefined && timeZone !== undefined;
    this.#clock = isLocal ? new LocalClock(timeZone) : null;
    const kinds: [string, Wanted['as'], string | undefined][] = [
      ['customer', 'id', columns.customer],
      ['item', 'id', columns.item],
      ['time', timeUnit === undefined ? 'time' : `unix-${timeUnit}`, columns.time],
      ['wallClock', 'wall-clock', isLocal ? columns.time : undefined],
      ['quantity', 'number', columns.quantity],
      ['price', 'number', columns.price],
      ['regularPrice', 'number', columns.regularPrice],
      ['currency', 'text', columns.currency],
    ];
    const named = kinds.flatMap(([meaning, as, column]) => (column === undefined ? [] : [{ meaning, as, column }]));
    this.wanted = named.map(({ meaning, as, column }) => ({
      wanted: { column, as },
      meaning: `interactions.columns.${meaning === 'wallClock' ? 'time' : meaning}`,
    }));
    this.#places = new Map(named.map(({ meaning }, place) => [meaning, place]));
  }

  cut(columns: TableChunk['columns']): InteractionCells {
    const cells = (meaning: string): Cells => columns[this.#places.get(meaning) ?? -1] ?? NO_CELLS;
    const times = cells('time');
    const walls = cells('wallClock');
    const clock = this.#clock;
    return {
      customer: cells('customer'),
      item: cells('item'),
      quantity: cells('quantity'),
      price: cells('price'),
      regularPrice: cells('regularPrice'),
      currency: cells('currency'),
      time: (at) => {
        const wall = walls[at];
        const local = clock !== null && typeof wall === 'number' ? clock.read(wall) : null;
        const read = readTime(local === null ? times[at] : local.time);
        return 'time' in read ? { time: read.time, clock: local?.clock ?? 'plain' } : read;
      },
    };
  }
}
