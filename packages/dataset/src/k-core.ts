import type { ReadingCounts } from './reading-counts.ts';
import type { Sequences } from './retail-data.ts';

/** Fewest interactions of a customer and of an item, both >= 1. The usual "k-core" has them equal. */
export interface CoreSize {
  readonly minimumSequence: number;
  readonly minimumItemPurchases: number;
}

/**
 * The largest part of the log in which every customer and every item has enough interactions (Seidman, "Network
 * structure and minimum degree", Social Networks 5, 1983, on the bipartite graph). Leaving out an item may leave a
 * customer with too few and the other way round, so passes go on until nothing changes; the result does not depend on
 * their order. Items keep their places in the catalogue. What is left out is added to `counts`, by the side that
 * failed first.
 */
export function keepCore(sequences: Sequences, size: CoreSize, counts: ReadingCounts): Sequences {
  const purchases = countItems(sequences.items);
  let core = sequences;
  let rareItems = 0;
  let shortCustomers = 0;
  for (;;) {
    const before = core.items.length;
    const common = keepCommonItems(core, size.minimumItemPurchases, purchases);
    rareItems += before - common.items.length;
    core = keepLongCustomers(common, size.minimumSequence, purchases);
    shortCustomers += common.items.length - core.items.length;
    if (core.items.length === before) break;
  }
  counts.drop('rare-item', `the item has fewer than ${size.minimumItemPurchases} purchases`, rareItems);
  counts.drop(
    'few-purchases',
    `the customer has fewer than ${size.minimumSequence} purchases of the items left`,
    shortCustomers,
  );
  return core;
}

function countItems(items: Int32Array): Int32Array {
  let places = 0;
  for (const item of items) places = Math.max(places, item + 1);
  const counts = new Int32Array(places);
  for (const item of items) counts[item] = (counts[item] ?? 0) + 1;
  return counts;
}

/** Sets `purchases` of what it leaves out to 0. */
function keepCommonItems(sequences: Sequences, minimum: number, purchases: Int32Array): Sequences {
  const rare = purchases.map((count) => (count < minimum ? 1 : 0));
  const kept = filter(sequences, (place) => rare[sequences.items[place] ?? 0] === 0);
  for (const [item, isRare] of rare.entries()) if (isRare === 1) purchases[item] = 0;
  return kept;
}

/** Takes what it leaves out off `purchases`. A customer without any interaction goes too. */
function keepLongCustomers(sequences: Sequences, minimum: number, purchases: Int32Array): Sequences {
  const { offsets, items } = sequences;
  const long = sequences.customers.map((_, customer) => lengthOf(offsets, customer) >= minimum);
  for (const [customer, isLong] of long.entries()) {
    if (isLong) continue;
    for (const item of items.subarray(offsets[customer], offsets[customer + 1]))
      purchases[item] = (purchases[item] ?? 0) - 1;
  }
  const kept = filter(sequences, (_, customer) => long[customer] === true);
  const remain = kept.customers.map((_, customer) => lengthOf(kept.offsets, customer) > 0);
  return {
    ...kept,
    customers: kept.customers.filter((_, customer) => remain[customer]),
    offsets: Int32Array.from([0, ...kept.offsets.subarray(1).filter((_, customer) => remain[customer])]),
  };
}

function lengthOf(offsets: Int32Array, customer: number): number {
  return (offsets[customer + 1] ?? 0) - (offsets[customer] ?? 0);
}

function filter(sequences: Sequences, keep: (place: number, customer: number) => boolean): Sequences {
  const { customers, offsets } = sequences;
  const left = new Int32Array(offsets.length);
  const items = new Int32Array(sequences.items.length);
  const times = new Float64Array(sequences.items.length);
  let kept = 0;
  for (let customer = 0; customer < customers.length; customer++) {
    for (let place = offsets[customer] ?? 0; place < (offsets[customer + 1] ?? 0); place++) {
      if (!keep(place, customer)) continue;
      items[kept] = sequences.items[place] ?? 0;
      times[kept] = sequences.times[place] ?? 0;
      kept++;
    }
    left[customer + 1] = kept;
  }
  return { customers, offsets: left, items: items.slice(0, kept), times: times.slice(0, kept) };
}
