import type { Sequences } from '@noren/dataset';

/**
 * Every customer's sequence without repeats: the first time of each item stays. The recommender proposes what a customer
 * has not bought, so a repeat is neither a target nor news.
 */
export function firstPurchases(sequences: Sequences): Sequences {
  const offsets = new Int32Array(sequences.offsets.length);
  const items: number[] = [];
  const times: number[] = [];
  for (let customer = 0; customer < sequences.customers.length; customer += 1) {
    const seen = new Set<number>();
    const end = sequences.offsets[customer + 1] ?? 0;
    for (let at = sequences.offsets[customer] ?? 0; at < end; at += 1) {
      const item = sequences.items[at] as number;
      if (seen.has(item)) continue;
      seen.add(item);
      items.push(item);
      times.push(sequences.times[at] as number);
    }
    offsets[customer + 1] = items.length;
  }
  return { customers: sequences.customers, offsets, items: Int32Array.from(items), times: Float64Array.from(times) };
}
