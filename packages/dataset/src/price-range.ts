import { quantile } from './quantile.ts';

/** What is asked of a catalogue's item. */
interface PricedItem {
  readonly price: number | null;
  readonly currency?: string | null;
}

/** The catalogue's prices in one currency. */
export interface PriceRange {
  /** ISO 4217, null where the mapping names none. */
  readonly currency: string | null;
  readonly items: number;
  readonly lowest: number;
  readonly median: number;
  readonly highest: number;
  /** Items sold at 0. */
  readonly free: number;
  /** Items far out of the usual prices, either way: typing errors are among them. */
  readonly outliers: number;
}

/** Currencies in the order they first occur. */
export function priceRanges(catalogue: readonly PricedItem[]): PriceRange[] {
  const byCurrency = new Map<string | null, number[]>();
  for (const { price, currency = null } of catalogue) {
    if (price === null) continue;
    const prices = byCurrency.get(currency) ?? [];
    prices.push(price);
    byCurrency.set(currency, prices);
  }
  return [...byCurrency].map(([currency, prices]) => rangeOf(currency, prices));
}

/**
 * Outliers are Tukey's "far out" values (Exploratory Data Analysis, 1977: three quartile ranges beyond a quartile), of
 * the logarithm, because prices differ by ratios. Where half of the items have one price a quartile range of a tenth is
 * taken for the least.
 */
function rangeOf(currency: string | null, prices: readonly number[]): PriceRange {
  const sorted = Float64Array.from(prices).sort();
  const logs = Float64Array.from(sorted.filter((price) => price > 0)).map((price) => Math.log(price));
  const [low, high] = [quantile(logs, 0.25), quantile(logs, 0.75)];
  const reach = 3 * Math.max(0.1, high - low);
  return {
    currency,
    items: sorted.length,
    lowest: sorted[0] ?? 0,
    median: quantile(sorted, 0.5),
    highest: sorted.at(-1) ?? 0,
    free: sorted.length - logs.length,
    outliers: logs.filter((log) => log < low - reach || log > high + reach).length,
  };
}
