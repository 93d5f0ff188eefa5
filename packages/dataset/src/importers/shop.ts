import { InteractionLog } from '../interaction-log.ts';
import { PaidPrices } from '../paid-prices.ts';
import { ReadingCounts, type DropKind } from '../reading-counts.ts';
import { reportOf } from '../report.ts';
import type { CatalogueItem, RetailData } from '../retail-data.ts';

/** Customers with one purchase have no "next item"; from 3 on they are also evaluated (`splitSequences`). */
const MINIMUM_SEQUENCE = 2;

/** One shop's purchases while an importer deals the rows of a dataset out to headquarters and the sites. */
export class Shop {
  readonly #numbers = new Map<string, number>();
  readonly #log = new InteractionLog();
  readonly #paid = new PaidPrices();
  readonly #counts = new ReadingCounts();
  #rowsRead = 0;

  /** Puts an item on the shelf whether or not anybody buys it. */
  stock(id: string): number {
    let number = this.#numbers.get(id);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(id, number);
    }
    return number;
  }

  buy(customer: string, item: string, time: number, price: number | null): void {
    const number = this.stock(item);
    this.#rowsRead++;
    this.#log.add(customer, number, time);
    if (price !== null) this.#paid.add(number, price);
  }

  drop(kind: DropKind, reason: string): void {
    this.#rowsRead++;
    this.#counts.drop(kind, reason);
  }

  get customers(): number {
    return this.#log.customers;
  }

  get purchases(): number {
    return this.#log.length;
  }

  /** `describe` gives text and image of an item; without a price of its own the item gets the median price paid. */
  close(
    describe: (id: string) => Omit<CatalogueItem, 'id' | 'price'> & { price?: number | null },
    minimumSequence: number = MINIMUM_SEQUENCE,
  ): RetailData {
    const catalogue = [...this.#numbers].map(([id, number]): CatalogueItem => {
      const { price, ...described } = describe(id);
      return { id, ...described, price: price === undefined ? this.#paid.median(number) : price };
    });
    const counts = this.#counts.copy();
    const sequences = this.#log.sequences({ repeats: 'first', minimumSequence }, counts);
    return { catalogue, sequences, report: reportOf({ catalogue, sequences, rowsRead: this.#rowsRead, counts }) };
  }
}
