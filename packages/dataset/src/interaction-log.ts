import type { ReadingCounts } from './reading-counts.ts';
import type { Sequences } from './retail-data.ts';

/** Same item again by the same customer: kept, or only the first purchase kept. */
export type Repeats = 'first' | 'keep';

/** Rows a block; adding a block moves nothing, so that a long log never needs twice its size. */
const BLOCK = 1 << 16;

interface Block {
  readonly customer: Int32Array;
  readonly item: Int32Array;
  readonly time: Float64Array;
}

/**
 * Interactions in the order they are read, packed while reading (16 bytes each), because a site's file may hold many
 * millions of rows.
 */
export class InteractionLog {
  readonly #numbers = new Map<string, number>();
  readonly #customers: string[] = [];
  readonly #blocks: Block[] = [];
  #length = 0;
  #largestItem = -1;

  get length(): number {
    return this.#length;
  }

  get customers(): number {
    return this.#customers.length;
  }

  add(customer: string, item: number, time: number): void {
    let number = this.#numbers.get(customer);
    if (number === undefined) {
      number = this.#customers.length;
      this.#numbers.set(customer, number);
      this.#customers.push(customer);
    }
    const at = this.#length % BLOCK;
    if (at === 0) this.#blocks.push(emptyBlock());
    const block = this.#blocks.at(-1) as Block;
    block.customer[at] = number;
    block.item[at] = item;
    block.time[at] = time;
    if (item > this.#largestItem) this.#largestItem = item;
    this.#length++;
  }

  /**
   * Sorted by customer (order of first appearance), then time, then order of reading. What is left out, and how many
   * purchases the customers have, is added to `counts`.
   */
  sequences(o: { repeats: Repeats; minimumSequence: number }, counts: ReadingCounts): Sequences {
    const { starts, items, times } = this.#byCustomer();
    const first = o.repeats === 'first' ? new FirstPurchases(this.#largestItem + 1) : null;
    const customers: string[] = [];
    const offsets = new Int32Array(this.#customers.length + 1);
    let kept = 0;
    let tooShort = 0;
    for (const [number, customer] of this.#customers.entries()) {
      const start = starts[number] ?? 0;
      const end = starts[number + 1] ?? start;
      sortByTime(items, times, start, end);
      const begun = kept;
      // Compacted in place: what is kept never overtakes what is read.
      for (let row = start; row < end; row++) {
        const item = items[row] ?? 0;
        const time = times[row] ?? 0;
        if (first?.isFirst(number, item, time) === false) continue;
        items[kept] = item;
        times[kept] = time;
        kept++;
      }
      counts.customer(kept - begun);
      if (kept - begun < o.minimumSequence) {
        tooShort += kept - begun;
        kept = begun;
        continue;
      }
      customers.push(customer);
      offsets[customers.length] = kept;
    }
    counts.drop('duplicate', 'the row repeats another (same customer, item and time)', first?.duplicates ?? 0);
    const repeated = 'the customer already had the item (only first purchases are predicted)';
    counts.drop('repeat', repeated, first?.repeats ?? 0);
    counts.drop('few-purchases', `the customer has fewer than ${o.minimumSequence} interactions`, tooShort);
    return {
      customers,
      offsets: offsets.slice(0, customers.length + 1),
      items: items.slice(0, kept),
      times: times.slice(0, kept),
    };
  }

  /** A counting sort; customers keep the order of reading. */
  #byCustomer(): { starts: Int32Array; items: Int32Array; times: Float64Array } {
    const starts = new Int32Array(this.#customers.length + 1);
    for (const { block, rows } of this.#filled())
      for (let at = 0; at < rows; at++) {
        const next = (block.customer[at] ?? 0) + 1;
        starts[next] = (starts[next] ?? 0) + 1;
      }
    for (let number = 1; number < starts.length; number++)
      starts[number] = (starts[number] ?? 0) + (starts[number - 1] ?? 0);
    const next = starts.slice();
    const items = new Int32Array(this.#length);
    const times = new Float64Array(this.#length);
    for (const { block, rows } of this.#filled())
      for (let at = 0; at < rows; at++) {
        const customer = block.customer[at] ?? 0;
        const place = next[customer] ?? 0;
        items[place] = block.item[at] ?? 0;
        times[place] = block.time[at] ?? 0;
        next[customer] = place + 1;
      }
    return { starts, items, times };
  }

  *#filled(): Iterable<{ block: Block; rows: number }> {
    for (const [number, block] of this.#blocks.entries())
      yield { block, rows: Math.min(BLOCK, this.#length - number * BLOCK) };
  }
}

/** Tells, customer after customer, which purchase of an item is its first. */
class FirstPurchases {
  readonly #customer: Int32Array;
  readonly #time: Float64Array;
  duplicates = 0;
  repeats = 0;

  constructor(items: number) {
    this.#customer = new Int32Array(items).fill(-1);
    this.#time = new Float64Array(items);
  }

  isFirst(customer: number, item: number, time: number): boolean {
    if (this.#customer[item] !== customer) {
      this.#customer[item] = customer;
      this.#time[item] = time;
      return true;
    }
    if (this.#time[item] === time) this.duplicates++;
    else this.repeats++;
    return false;
  }
}

function emptyBlock(): Block {
  return { customer: new Int32Array(BLOCK), item: new Int32Array(BLOCK), time: new Float64Array(BLOCK) };
}

/** Sorts the rows [start, end) by time; equal times keep their order. Most files are sorted already. */
function sortByTime(items: Int32Array, times: Float64Array, start: number, end: number): void {
  let sorted = true;
  for (let row = start + 1; row < end && sorted; row++) sorted = (times[row - 1] ?? 0) <= (times[row] ?? 0);
  if (sorted) return;
  const oldItems = items.slice(start, end);
  const oldTimes = times.slice(start, end);
  const order = Int32Array.from(oldItems, (_, at) => at);
  order.sort((a, b) => (oldTimes[a] ?? 0) - (oldTimes[b] ?? 0) || a - b);
  for (const [at, from] of order.entries()) {
    items[start + at] = oldItems[from] ?? 0;
    times[start + at] = oldTimes[from] ?? 0;
  }
}
