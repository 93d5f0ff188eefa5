/** Why a row of interactions is left out. */
export type DropKind =
  | 'malformed'
  | 'no-customer'
  | 'no-item'
  | 'bad-time'
  | 'bad-price'
  | 'bad-quantity'
  | 'cancellation'
  | 'not-a-product'
  | 'unknown-item'
  | 'duplicate'
  | 'repeat'
  | 'rare-item'
  | 'few-purchases';

/** What else was not taken as it stood: rows of the catalogue, and interactions that were kept with a change. */
export type NoticeKind =
  | 'item-left-out'
  | 'item-without-price'
  | 'item-without-image'
  | 'item-text-cut'
  | 'price-above-regular'
  | 'paid-in-another-currency'
  | 'time-skipped'
  | 'time-twice';

export interface Counted<Kind extends string> {
  readonly kind: Kind;
  /** In English, with the file where several are read; never a cell's content. */
  readonly reason: string;
  readonly rows: number;
}

/** Fewest and most purchases of a band of customers; `to` is null where there is no upper end. */
interface PurchaseBand {
  readonly from: number;
  readonly to: number | null;
}

export interface CustomersByPurchases extends PurchaseBand {
  readonly customers: number;
}

const BANDS: readonly PurchaseBand[] = [
  { from: 1, to: 1 },
  { from: 2, to: 2 },
  { from: 3, to: 4 },
  { from: 5, to: 9 },
  { from: 10, to: 19 },
  { from: 20, to: 49 },
  { from: 50, to: null },
];

/** Counts while data is read: what is left out and what is changed, by reason in the order they first occur. */
export class ReadingCounts {
  readonly #dropped = new Tally<DropKind>();
  readonly #noticed = new Tally<NoticeKind>();
  readonly #customers: number[] = BANDS.map(() => 0);

  drop(kind: DropKind, reason: string, rows = 1): void {
    this.#dropped.add(kind, reason, rows);
  }

  notice(kind: NoticeKind, reason: string, rows = 1): void {
    this.#noticed.add(kind, reason, rows);
  }

  /** A customer with so many purchases (>= 1), before short customers are left out. */
  customer(purchases: number): void {
    const band = BANDS.findIndex(({ to }) => to === null || purchases <= to);
    this.#customers[band] = (this.#customers[band] ?? 0) + 1;
  }

  copy(): ReadingCounts {
    const copied = new ReadingCounts();
    for (const { kind, reason, rows } of this.dropped) copied.drop(kind, reason, rows);
    for (const { kind, reason, rows } of this.noticed) copied.notice(kind, reason, rows);
    for (const [band, customers] of this.#customers.entries()) copied.#customers[band] = customers;
    return copied;
  }

  get dropped(): readonly Counted<DropKind>[] {
    return this.#dropped.list();
  }

  get noticed(): readonly Counted<NoticeKind>[] {
    return this.#noticed.list();
  }

  get customersByPurchases(): readonly CustomersByPurchases[] {
    return BANDS.map((band, at) => ({ ...band, customers: this.#customers[at] ?? 0 }));
  }
}

class Tally<Kind extends string> {
  readonly #rows = new Map<string, { kind: Kind; rows: number }>();

  add(kind: Kind, reason: string, rows: number): void {
    if (rows <= 0) return;
    const counted = this.#rows.get(reason);
    if (counted === undefined) this.#rows.set(reason, { kind, rows });
    else counted.rows += rows;
  }

  list(): Counted<Kind>[] {
    return [...this.#rows].map(([reason, { kind, rows }]) => ({ kind, reason, rows }));
  }
}
