import { priceRanges } from './price-range.ts';
import type { ReadingCounts } from './reading-counts.ts';
import type { CatalogueItem, DataReport, Sequences } from './retail-data.ts';

export interface Reported {
  readonly catalogue: readonly CatalogueItem[];
  readonly sequences: Sequences;
  readonly rowsRead: number;
  readonly counts: ReadingCounts;
  /** The times say nothing but the order. Default false. */
  readonly orderOnly?: boolean;
}

/** Describes data that has been read, with counts and catalogue prices only. */
export function reportOf({ catalogue, sequences, rowsRead, counts, orderOnly = false }: Reported): DataReport {
  const bought = new Int32Array(catalogue.length);
  for (const item of sequences.items) bought[item] = (bought[item] ?? 0) + 1;
  const mostBought = bought.reduce((most, count) => Math.max(most, count), 0);
  const [first, last] = orderOnly ? [Infinity, -Infinity] : extremes(sequences.times);
  const iso = (time: number): string | null => (Number.isFinite(time) ? new Date(time).toISOString() : null);
  return {
    rowsRead,
    rowsKept: sequences.items.length,
    dropped: counts.dropped,
    noticed: counts.noticed,
    customers: sequences.customers.length,
    customersByPurchases: counts.customersByPurchases,
    items: catalogue.length,
    itemsWithoutImage: catalogue.filter((item) => item.imagePath === null).length,
    itemsWithoutPrice: catalogue.filter((item) => item.price === null).length,
    itemsWithoutText: catalogue.filter((item) => item.text === '').length,
    itemsNeverBought: bought.reduce((never, count) => never + (count === 0 ? 1 : 0), 0),
    mostFrequentItemShare: sequences.items.length === 0 ? 0 : mostBought / sequences.items.length,
    prices: priceRanges(catalogue),
    firstAt: iso(first),
    lastAt: iso(last),
  };
}

function extremes(times: Float64Array): [number, number] {
  let first = Infinity;
  let last = -Infinity;
  for (const time of times) {
    if (time < first) first = time;
    if (time > last) last = time;
  }
  return [first, last];
}
