/** What customers paid for each item, to take the median: it withstands clearance sales and typing errors. */
export class PaidPrices {
  readonly #prices = new Map<number, number[]>();

  add(item: number, price: number): void {
    const prices = this.#prices.get(item);
    if (prices === undefined) this.#prices.set(item, [price]);
    else prices.push(price);
  }

  /** Median price paid (mean of the middle two), null if none was. */
  median(item: number): number | null {
    const prices = this.#prices.get(item);
    if (prices === undefined) return null;
    prices.sort((a, b) => a - b);
    const middle = (prices.length - 1) / 2;
    return ((prices[Math.floor(middle)] ?? 0) + (prices[Math.ceil(middle)] ?? 0)) / 2;
  }
}
