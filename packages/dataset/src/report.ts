import type { CatalogueItem, DataReport, Sequences } from './retail-data.ts';

/** Counts what is left out, by reason, in the order the reasons first occur. */
export class DroppedRows {
  readonly #rows = new Map<string, number>();

  add(reason: string, rows = 1): void {
    if (rows > 0) this.#rows.set(reason, (this.#rows.get(reason) ?? 0) + rows);
  }

  copy(): DroppedRows {
    const copied = new DroppedRows();
    for (const { reason, rows } of this.list()) copied.add(reason, rows);
    return copied;
  }

  list(): DataReport['dropped'] {
    return [...this.#rows].map(([reason, rows]) => ({ reason, rows }));
  }
}

export function reportOf(
  catalogue: readonly CatalogueItem[],
  sequences: Sequences,
  rowsRead: number,
  dropped: DroppedRows,
): DataReport {
  let first = Infinity;
  let last = -Infinity;
  for (const time of sequences.times) {
    if (time < first) first = time;
    if (time > last) last = time;
  }
  const iso = (time: number): string | null => (Number.isFinite(time) ? new Date(time).toISOString() : null);
  return {
    rowsRead,
    rowsKept: sequences.items.length,
    dropped: dropped.list(),
    customers: sequences.customers.length,
    items: catalogue.length,
    itemsWithoutImage: catalogue.filter((item) => item.imagePath === null).length,
    itemsWithoutPrice: catalogue.filter((item) => item.price === null).length,
    itemsWithoutText: catalogue.filter((item) => item.text === '').length,
    firstAt: iso(first),
    lastAt: iso(last),
  };
}
