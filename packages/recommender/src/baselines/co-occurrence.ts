import type { Sequences } from '@noren/dataset';

/** How often an item followed another within a few purchases. Site-local counts; they never leave. */
export interface CoOccurrence {
  /** By item: what followed it, with counts discounted by distance. */
  readonly followers: readonly ReadonlyMap<number, number>[];
  readonly window: number;
}

/** Counts pairs at distances 1 .. window, each weighing 1 / distance. */
export function coOccurrence(sequences: Sequences, items: number, window = 3): CoOccurrence {
  const followers = Array.from({ length: items }, () => new Map<number, number>());
  for (let customer = 0; customer < sequences.customers.length; customer += 1) {
    const first = sequences.offsets[customer] ?? 0;
    const end = sequences.offsets[customer + 1] ?? 0;
    for (let at = first; at < end; at += 1) {
      const item = sequences.items[at] as number;
      for (let distance = 1; distance <= window && at - distance >= first; distance += 1) {
        const row = followers[sequences.items[at - distance] as number];
        row?.set(item, (row.get(item) ?? 0) + 1 / distance);
      }
    }
  }
  return { followers, window };
}

/** Scores [items] for what comes after a history: its last items' followers, nearer ones weighing more. */
export function coOccurrenceScores({ followers, window }: CoOccurrence, history: Int32Array): Float64Array {
  const scores = new Float64Array(followers.length);
  for (let distance = 1; distance <= Math.min(window, history.length); distance += 1) {
    for (const [item, count] of followers[history[history.length - distance] as number] ?? []) {
      scores[item] = (scores[item] ?? 0) + count / distance;
    }
  }
  return scores;
}
