import { quantile } from '../quantile.ts';

/** Where the prices of a group of items lie. */
export interface PriceScale {
  /** 1 % of the median price; 0: no price was seen. */
  readonly unit: number;
  /** Median and robust standard deviation of ln(1 + price / unit). */
  readonly median: number;
  readonly spread: number;
}

/** Fewer prices than this are no sample to take quartiles of. */
export const FEWEST_PRICES = 20;

export function fitPriceScale(prices: readonly number[]): PriceScale {
  const sorted = Float64Array.from(prices).sort();
  const middle = quantile(sorted, 0.5);
  const unit = (middle > 0 ? middle : quantile(sorted, 1)) / 100;
  if (!(unit > 0)) return { unit: 0, median: 0, spread: 0 };
  const logs = sorted.map((price) => Math.log1p(price / unit));
  // 1.349 quartile ranges are one standard deviation of a normal distribution; 0.05 keeps one-price shops finite.
  const spread = Math.max(0.05, (quantile(logs, 0.75) - quantile(logs, 0.25)) / 1.349);
  return { unit, median: quantile(logs, 0.5), spread };
}

/** Robust standard deviations above the median; `scale.unit` must not be 0. */
export function standardPrice({ unit, median, spread }: PriceScale, price: number): number {
  return (Math.log1p(price / unit) - median) / spread;
}
