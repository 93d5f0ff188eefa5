import type { Sequences } from '@noren/dataset';

/** How often each item was bought: the same score for everyone. */
export function popularity(sequences: Sequences, items: number): Float64Array {
  const counts = new Float64Array(items);
  for (const item of sequences.items) counts[item] = (counts[item] ?? 0) + 1;
  return counts;
}
