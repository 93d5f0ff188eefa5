/** Prices a block; adding a block moves nothing. */
const BLOCK = 1 << 16;

interface Block {
  readonly item: Int32Array;
  readonly price: Float64Array;
}

/** What customers paid for each item, to take the median: it withstands clearance sales and typing errors. */
export class PaidPrices {
  readonly #blocks: Block[] = [];
  #length = 0;
  #sorted: { starts: Int32Array; prices: Float64Array } | null = null;

  add(item: number, price: number): void {
    const at = this.#length % BLOCK;
    if (at === 0) this.#blocks.push({ item: new Int32Array(BLOCK), price: new Float64Array(BLOCK) });
    const block = this.#blocks.at(-1) as Block;
    block.item[at] = item;
    block.price[at] = price;
    this.#length++;
    this.#sorted = null;
  }

  /** Median price paid (mean of the middle two), null if none was. */
  median(item: number): number | null {
    this.#sorted ??= this.#byItem();
    const { starts, prices } = this.#sorted;
    const paid = prices.subarray(starts[item] ?? 0, starts[item + 1] ?? starts[item] ?? 0);
    if (paid.length === 0) return null;
    const middle = (paid.length - 1) / 2;
    return ((paid[Math.floor(middle)] ?? 0) + (paid[Math.ceil(middle)] ?? 0)) / 2;
  }

  /** A counting sort by item, each item's prices ascending. */
  #byItem(): { starts: Int32Array; prices: Float64Array } {
    let items = 0;
    this.#each((item) => (items = Math.max(items, item + 1)));
    const starts = new Int32Array(items + 1);
    this.#each((item) => (starts[item + 1] = (starts[item + 1] ?? 0) + 1));
    for (let item = 1; item <= items; item++) starts[item] = (starts[item] ?? 0) + (starts[item - 1] ?? 0);
    const next = starts.slice();
    const prices = new Float64Array(this.#length);
    this.#each((item, price) => {
      const place = next[item] ?? 0;
      prices[place] = price;
      next[item] = place + 1;
    });
    for (let item = 0; item < items; item++) prices.subarray(starts[item], starts[item + 1]).sort();
    return { starts, prices };
  }

  #each(visit: (item: number, price: number) => void): void {
    for (let row = 0; row < this.#length; row++) {
      const block = this.#blocks[Math.floor(row / BLOCK)];
      visit(block?.item[row % BLOCK] ?? 0, block?.price[row % BLOCK] ?? 0);
    }
  }
}
