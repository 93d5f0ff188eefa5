import type { FeatureTensor, Modality } from './featuriser.ts';

/** Radial basis functions, their centres evenly on +-RANGE robust standard deviations around the median. */
export const PRICE_DIMENSION = 16;
const RANGE = 2.5;
const SPACING = (2 * RANGE) / (PRICE_DIMENSION - 1);

export interface PriceEncoder {
  /** [3] unit (1 % of the median price), median and spread of ln(1 + price / unit). A unit of 0: no price was seen. */
  readonly scale: FeatureTensor;
}

/**
 * Prices on a logarithmic scale (a tenth more is the same step at 10 as at 1,000), standardised by headquarters'
 * quartiles, which clearance prices do not move. ln(1 + x) of the price in units of 1 % of the median keeps free items
 * finite and makes the scale independent of the currency's unit. A price is placed among all that headquarters sells:
 * catalogues name no category, so what is cheap for its kind is left to the model, which sees price and text together.
 */
export function fitPriceEncoder(prices: readonly number[]): PriceEncoder {
  const sorted = prices.toSorted((a, b) => a - b);
  const median = quantile(sorted, 0.5);
  const unit = (median > 0 ? median : quantile(sorted, 1)) / 100;
  if (!(unit > 0)) return { scale: { shape: [3], data: new Float32Array(3) } };
  const logs = sorted.map((price) => Math.log1p(price / unit));
  // 1.349 quartile ranges are one standard deviation of a normal distribution; 0.05 keeps one-price shops finite.
  const spread = Math.max(0.05, (quantile(logs, 0.75) - quantile(logs, 0.25)) / 1.349);
  return { scale: { shape: [3], data: Float32Array.of(unit, quantile(logs, 0.5), spread) } };
}

/**
 * Sixteen overlapping bumps instead of one number: smooth and bounded, near prices have near features, and a linear
 * layer can prefer any price band, not only "cheaper" or "dearer". Prices beyond the range count as its end. Rows have
 * length sqrt(PRICE_DIMENSION), as texts' rows have theirs.
 */
export function encodePrices(encoder: PriceEncoder, prices: readonly (number | null)[]): Modality {
  const [unit = 0, median = 0, spread = 1] = encoder.scale.data;
  const data = new Float32Array(prices.length * PRICE_DIMENSION);
  const present = new Uint8Array(prices.length);
  for (const [item, price] of prices.entries()) {
    if (price === null || unit === 0) continue;
    const standard = (Math.log1p(price / unit) - median) / spread;
    const bounded = Math.min(RANGE, Math.max(-RANGE, standard));
    const row = Array.from({ length: PRICE_DIMENSION }, (_, k) =>
      Math.exp(-0.5 * ((bounded + RANGE) / SPACING - k) ** 2),
    );
    const scale = Math.sqrt(PRICE_DIMENSION) / Math.hypot(...row);
    for (const [k, value] of row.entries()) data[item * PRICE_DIMENSION + k] = value * scale;
    present[item] = 1;
  }
  return { dimension: PRICE_DIMENSION, data, present };
}

/** Linear interpolation between order statistics; 0 for no values. */
function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? 0;
  return low + ((sorted[Math.ceil(at)] ?? low) - low) * (at - Math.floor(at));
}
