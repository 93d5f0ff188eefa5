import type { Sequences } from '@noren/dataset';

export interface CoOccurrenceOptions {
  /** Largest distance of a pair, and how many of a history's last items are read; default 3. */
  readonly window?: number;
  /** A pair at distance d counts d^-decay; default 1. */
  readonly decay?: number;
  /** What a pair counts backwards, from the later item to the earlier, against 1 forwards; default 0. */
  readonly backward?: number;
  /** The d-th last item of a history weighs d^-recency; default 1. */
  readonly recency?: number;
}

/** How often an item was bought near another, within a few purchases. Site-local counts; they never leave. */
export interface CoOccurrence {
  /** By item: what was bought near it, with counts discounted by distance. */
  readonly neighbours: readonly ReadonlyMap<number, number>[];
  readonly window: number;
  readonly recency: number;
}

export function coOccurrence(sequences: Sequences, items: number, o: CoOccurrenceOptions = {}): CoOccurrence {
  const { window = 3, decay = 1, backward = 0, recency = 1 } = o;
  const neighbours = Array.from({ length: items }, () => new Map<number, number>());
  const count = (from: number, to: number, weight: number): void => {
    const row = neighbours[from];
    row?.set(to, (row.get(to) ?? 0) + weight);
  };
  for (let customer = 0; customer < sequences.customers.length; customer += 1) {
    const first = sequences.offsets[customer] ?? 0;
    const end = sequences.offsets[customer + 1] ?? 0;
    for (let at = first; at < end; at += 1) {
      const item = sequences.items[at] as number;
      for (let distance = 1; distance <= window && at - distance >= first; distance += 1) {
        const earlier = sequences.items[at - distance] as number;
        const weight = distance ** -decay;
        count(earlier, item, weight);
        if (backward > 0) count(item, earlier, weight * backward);
      }
    }
  }
  return { neighbours, window, recency };
}

/** Scores [items] for what comes after a history: the neighbours of its last items, those of nearer ones weighing more. */
export function coOccurrenceScores({ neighbours, window, recency }: CoOccurrence, history: Int32Array): Float64Array {
  const scores = new Float64Array(neighbours.length);
  for (let distance = 1; distance <= Math.min(window, history.length); distance += 1) {
    const weight = distance ** -recency;
    for (const [item, count] of neighbours[history[history.length - distance] as number] ?? []) {
      scores[item] = (scores[item] ?? 0) + count * weight;
    }
  }
  return scores;
}
