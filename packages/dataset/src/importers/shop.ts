import { InteractionLog } from '../interaction-log.ts';
import { PaidPrices } from '../paid-prices.ts';
import { DroppedRows, reportOf } from '../report.ts';
import type { CatalogueItem, RetailData } from '../retail-data.ts';

/** Customers with one purchase have no "next item"; from 3 on they are also evaluated (`splitSequences`). */
const MINIMUM_SEQUENCE = 2;

/** One shop's purchases while an importer deals the rows of a dataset out to headquarters and the sites. */
export class Shop {
  readonly #numbers = new Map<string, number>();
  readonly #log = new InteractionLog();
  readonly #paid = new PaidPrices();
  readonly #dropped = new DroppedRows();
  readonly #customers = new Set<string>();
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
    this.#customers.add(customer);
    this.#log.add(customer, number, time);
    if (price !== null) this.#paid.add(number, price);
  }

  drop(reason: string): void {
    this.#rowsRead++;
    this.#dropped.add(reason);
  }

  get customers(): number {
    return this.#customers.size;
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
      const { text, imagePath, price } = describe(id);
      return { id, text, imagePath, price: price === undefined ? this.#paid.median(number) : price };
    });
    const dropped = this.#dropped.copy();
    const sequences = this.#log.sequences({ repeats: 'first', minimumSequence }, dropped);
    return { catalogue, sequences, report: reportOf(catalogue, sequences, this.#rowsRead, dropped) };
  }
}
