import type { DroppedRows } from './report.ts';
import type { Sequences } from './retail-data.ts';

/** Same item again by the same customer: kept, or only the first purchase kept. */
export type Repeats = 'first' | 'keep';

/**
 * Interactions in the order they are read, packed while reading (20 bytes each), because a site's file may hold many
 * millions of rows.
 */
export class InteractionLog {
  readonly #numbers = new Map<string, number>();
  readonly #customers: string[] = [];
  #customer = new Int32Array(1024);
  #item = new Int32Array(1024);
  #time = new Float64Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(customer: string, item: number, time: number): void {
    let number = this.#numbers.get(customer);
    if (number === undefined) {
      number = this.#customers.length;
      this.#numbers.set(customer, number);
      this.#customers.push(customer);
    }
    if (this.#length === this.#item.length) this.#grow();
    this.#customer[this.#length] = number;
    this.#item[this.#length] = item;
    this.#time[this.#length] = time;
    this.#length++;
  }

  /**
   * Sorted by customer (order of first appearance), then time, then order of reading. What is left out is added to
   * `dropped`.
   */
  sequences(o: { repeats: Repeats; minimumSequence: number }, dropped: DroppedRows): Sequences {
    const starts = this.#startsByCustomer();
    const order = this.#rowsByCustomer(starts);
    const customers: string[] = [];
    const offsets: number[] = [0];
    const items = new Int32Array(this.#length);
    const times = new Float64Array(this.#length);
    let kept = 0;
    let repeated = 0;
    let tooShort = 0;
    for (const [number, customer] of this.#customers.entries()) {
      const rows = order.subarray(starts[number], starts[number + 1]);
      rows.sort((a, b) => (this.#time[a] ?? 0) - (this.#time[b] ?? 0) || a - b);
      const first = kept;
      const seen = new Set<number>();
      for (const row of rows) {
        const item = this.#item[row] ?? 0;
        if (o.repeats === 'first' && seen.has(item)) continue;
        seen.add(item);
        items[kept] = item;
        times[kept] = this.#time[row] ?? 0;
        kept++;
      }
      repeated += rows.length - (kept - first);
      if (kept - first < o.minimumSequence) {
        tooShort += kept - first;
        kept = first;
        continue;
      }
      customers.push(customer);
      offsets.push(kept);
    }
    dropped.add('the customer already had the item (only first purchases are predicted)', repeated);
    dropped.add(`the customer has fewer than ${o.minimumSequence} interactions`, tooShort);
    return {
      customers,
      offsets: Int32Array.from(offsets),
      items: items.slice(0, kept),
      times: times.slice(0, kept),
    };
  }

  #startsByCustomer(): Int32Array {
    const starts = new Int32Array(this.#customers.length + 1);
    for (let row = 0; row < this.#length; row++) {
      const next = (this.#customer[row] ?? 0) + 1;
      starts[next] = (starts[next] ?? 0) + 1;
    }
    for (let number = 1; number < starts.length; number++)
      starts[number] = (starts[number] ?? 0) + (starts[number - 1] ?? 0);
    return starts;
  }

  #rowsByCustomer(starts: Int32Array): Int32Array {
    const next = starts.slice();
    const order = new Int32Array(this.#length);
    for (let row = 0; row < this.#length; row++) {
      const customer = this.#customer[row] ?? 0;
      const place = next[customer] ?? 0;
      order[place] = row;
      next[customer] = place + 1;
    }
    return order;
  }

  #grow(): void {
    const size = this.#item.length * 2;
    const customer = new Int32Array(size);
    customer.set(this.#customer);
    this.#customer = customer;
    const item = new Int32Array(size);
    item.set(this.#item);
    this.#item = item;
    const time = new Float64Array(size);
    time.set(this.#time);
    this.#time = time;
  }
}
