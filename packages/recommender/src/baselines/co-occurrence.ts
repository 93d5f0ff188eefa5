import type { Sequences } from '@noren/dataset';

export interface CoOccurrenceOptions {
  /** Largest distance of a pair, and how many of a history's last items are read; default 3. */
  readonly window?: number;
  /** A pair at distance d counts d^-decay; default 1. */
  readonly decay?: number;
  /** What a pair counts backwards, from the later item to the earlier, against 1 forwards; default 0. */
  readonly backward?: number;
  /**
   * An item's counts are divided by their sum to this power. At 0, the default, they stay counts, and of a history's items
   * the popular one decides; at 1 they are shares, and one that was hardly ever bought says as much as any other.
   */
  readonly normalisation?: number;
  /** The d-th last item of a history weighs d^-recency; default 1. */
  readonly recency?: number;
}

/** What was bought near one item, each other item once. */
export interface Neighbours {
  readonly items: Int32Array;
  /** Counts discounted by distance and normalised, in the order of `items`. */
  readonly counts: Float32Array;
}

/** How often an item was bought near another, within a few purchases. Site-local counts; they never leave. */
export interface CoOccurrence {
  /** By item. */
  readonly neighbours: readonly Neighbours[];
  readonly window: number;
  readonly recency: number;
}

const none: Neighbours = { items: new Int32Array(), counts: new Float32Array() };

export function coOccurrence(sequences: Sequences, items: number, o: CoOccurrenceOptions = {}): CoOccurrence {
  const { window = 3, decay = 1, backward = 0, normalisation = 0, recency = 1 } = o;
  const weights = Float64Array.from({ length: window + 1 }, (_, distance) => (distance === 0 ? 0 : distance ** -decay));
  const purchases = purchasesByItem(sequences, items);
  // One dense row serves every item in turn: millions of pairs are counted without a map of them.
  const row = new Float64Array(items);
  const touched: number[] = [];
  const count = (item: number, weight: number): void => {
    if (row[item] === 0) touched.push(item);
    row[item] = (row[item] as number) + weight;
  };
  const neighbours = Array.from({ length: items }, (_, item): Neighbours => {
    for (let at = purchases.starts[item] as number; at < (purchases.starts[item + 1] as number); at += 1) {
      const place = purchases.places[at] as number;
      const customer = purchases.customers[at] as number;
      const last = Math.min(place + window, (sequences.offsets[customer + 1] as number) - 1);
      const first = backward > 0 ? Math.max(place - window, sequences.offsets[customer] as number) : place;
      for (let later = place + 1; later <= last; later += 1) {
        count(sequences.items[later] as number, weights[later - place] as number);
      }
      for (let earlier = place - 1; earlier >= first; earlier -= 1) {
        count(sequences.items[earlier] as number, backward * (weights[place - earlier] as number));
      }
    }
    if (touched.length === 0) return none;
    const found = Int32Array.from(touched);
    const total = touched.reduce((sum, other) => sum + (row[other] as number), 0);
    const scale = total ** -normalisation;
    const counts = Float32Array.from(touched, (other) => (row[other] as number) * scale);
    for (const other of touched) row[other] = 0;
    touched.length = 0;
    return { items: found, counts };
  });
  return { neighbours, window, recency };
}

/**
 * What comes after a history: the neighbours of its last items, those of nearer ones weighing more. Added to `scores`
 * [items], by default zeros, and given back.
 */
export function coOccurrenceScores(
  { neighbours, window, recency }: CoOccurrence,
  history: Int32Array,
  scores: Float64Array = new Float64Array(neighbours.length),
): Float64Array {
  for (let distance = 1; distance <= Math.min(window, history.length); distance += 1) {
    const weight = distance ** -recency;
    const { items, counts } = neighbours[history[history.length - distance] as number] ?? none;
    for (let at = 0; at < items.length; at += 1) {
      const item = items[at] as number;
      scores[item] = (scores[item] as number) + (counts[at] as number) * weight;
    }
  }
  return scores;
}

/** Where each item was bought: the purchases of item i are `starts[i]` to `starts[i + 1]` of `places` and `customers`. */
function purchasesByItem(
  sequences: Sequences,
  items: number,
): { starts: Int32Array; places: Int32Array; customers: Int32Array } {
  const starts = new Int32Array(items + 1);
  for (const item of sequences.items) starts[item + 1] = (starts[item + 1] as number) + 1;
  for (let item = 0; item < items; item += 1)
    starts[item + 1] = (starts[item + 1] as number) + (starts[item] as number);
  const next = starts.slice();
  const places = new Int32Array(sequences.items.length);
  const customers = new Int32Array(sequences.items.length);
  for (let customer = 0; customer < sequences.customers.length; customer += 1) {
    const end = sequences.offsets[customer + 1] as number;
    for (let place = sequences.offsets[customer] as number; place < end; place += 1) {
      const item = sequences.items[place] as number;
      const at = next[item] as number;
      places[at] = place;
      customers[at] = customer;
      next[item] = at + 1;
    }
  }
  return { starts, places, customers };
}
