import { createHash } from 'node:crypto';

import type { CatalogueItem } from '../retail-data.ts';
import type { FeatureTensor } from './feature-tensor.ts';
import type { Modality } from './featuriser.ts';
import { FEWEST_PRICES, fitPriceScale, standardPrice, type PriceScale } from './price-scale.ts';

/** Radial basis functions, their centres evenly on +-RANGE robust standard deviations around the median. */
export const PRICE_DIMENSION = 16;
const RANGE = 2.5;
const SPACING = (2 * RANGE) / (PRICE_DIMENSION - 1);

export type Priced = Pick<CatalogueItem, 'price' | 'currency' | 'category'>;

/** The tensors of a price encoder, as a backbone carries them. */
export interface PriceEncoder {
  /** [3] unit, median and spread of all prices at headquarters (PriceScale). */
  readonly scale: FeatureTensor;
  /** [3] the letters of the currency of those prices, as character codes; absent where headquarters names none. */
  readonly currency?: FeatureTensor;
  /** [categories, 6] a category's key of three numbers, then its own scale; absent without categories. */
  readonly categories?: FeatureTensor;
}

/**
 * Prices on a logarithmic scale (a tenth more is the same step at 10 as at 1,000), standardised by headquarters'
 * quartiles, which clearance prices do not move. ln(1 + x) of the price in units of 1 % of the median keeps free items
 * finite and makes the scale independent of the currency's unit.
 *
 * A price is placed among the prices of its category where headquarters has at least 20 there, else among all: the model
 * sees what is dear for its kind. Of several currencies at headquarters the commonest is fitted.
 */
export function fitPriceEncoder(items: readonly Priced[]): PriceEncoder {
  const currency = commonestCurrency(items);
  const scales = fitScales(items.filter((item) => item.currency === currency));
  const rows = [...scales.categories].map(([category, scale]) => [...categoryKey(category), ...listed(scale)]);
  return {
    scale: { shape: [3], data: Float32Array.from(listed(scales.all)) },
    ...(currency === undefined ? {} : { currency: { shape: [3], data: Float32Array.from(codes(currency)) } }),
    ...(rows.length === 0 ? {} : { categories: { shape: [rows.length, 6], data: Float32Array.from(rows.flat()) } }),
  };
}

/**
 * Sixteen overlapping bumps instead of one number: smooth and bounded, near prices have near features, and a linear
 * layer can prefer any price band, not only "cheaper" or "dearer". Prices beyond the range count as its end. Rows have
 * length sqrt(PRICE_DIMENSION), as texts' rows have theirs.
 *
 * Prices of another currency than headquarters' are placed among the shop's own prices in that currency (and its own
 * categories): what is dear there is known, what a yen buys there is not. With fewer than 20 of them they count as
 * missing. A shop or headquarters that names no currency is taken to have the other's.
 */
export function encodePrices(encoder: PriceEncoder, items: readonly Priced[]): Modality {
  const data = new Float32Array(items.length * PRICE_DIMENSION);
  const present = new Uint8Array(items.length);
  const scaleOf = scaleFinder(encoder, items);
  for (const [at, item] of items.entries()) {
    const scale = item.price === null ? null : scaleOf(item);
    if (item.price === null || scale === null || scale.unit === 0) continue;
    data.set(bumps(standardPrice(scale, item.price)), at * PRICE_DIMENSION);
    present[at] = 1;
  }
  return { dimension: PRICE_DIMENSION, data, present };
}

function bumps(standard: number): number[] {
  const bounded = Math.min(RANGE, Math.max(-RANGE, standard));
  const row = Array.from({ length: PRICE_DIMENSION }, (_, k) =>
    Math.exp(-0.5 * ((bounded + RANGE) / SPACING - k) ** 2),
  );
  const scale = Math.sqrt(PRICE_DIMENSION) / Math.hypot(...row);
  return row.map((value) => value * scale);
}

interface Scales {
  readonly all: PriceScale;
  readonly categories: ReadonlyMap<string, PriceScale>;
}

function fitScales(items: readonly Priced[]): Scales {
  const all: number[] = [];
  const byCategory = new Map<string, number[]>();
  for (const { price, category } of items) {
    if (price === null) continue;
    all.push(price);
    if (category === undefined) continue;
    const name = categoryName(category);
    const prices = byCategory.get(name) ?? [];
    prices.push(price);
    byCategory.set(name, prices);
  }
  const enough = [...byCategory].filter(([, prices]) => prices.length >= FEWEST_PRICES);
  const fitted = enough.map(([name, prices]): [string, PriceScale] => [name, fitPriceScale(prices)]);
  // A category of free items has no scale of its own.
  return { all: fitPriceScale(all), categories: new Map(fitted.filter(([, { unit }]) => unit > 0)) };
}

/** Which scale an item's price is placed on; null where there is none. */
function scaleFinder(encoder: PriceEncoder, items: readonly Priced[]): (item: Priced) => PriceScale | null {
  const [unit = 0, median = 0, spread = 1] = encoder.scale.data;
  const all = { unit, median, spread };
  const categories = categoryScales(encoder);
  const letters = encoder.currency === undefined ? undefined : String.fromCharCode(...encoder.currency.data);
  const foreign = new Map<string, Scales | null>();
  const known = new Map<string, PriceScale>();
  return ({ currency, category }) => {
    if (currency === undefined || letters === undefined || currency === letters) {
      if (category === undefined) return all;
      const scale = known.get(category) ?? categories.get(keyText(categoryKey(categoryName(category)))) ?? all;
      known.set(category, scale);
      return scale;
    }
    let scales = foreign.get(currency);
    if (scales === undefined) {
      const same = items.filter((item) => item.currency === currency && item.price !== null);
      scales = same.length < FEWEST_PRICES ? null : fitScales(same);
      foreign.set(currency, scales);
    }
    return scales === null ? null : (scales.categories.get(categoryName(category ?? '')) ?? scales.all);
  };
}

function categoryScales({ categories }: PriceEncoder): Map<string, PriceScale> {
  const scales = new Map<string, PriceScale>();
  for (let row = 0; row < (categories?.shape[0] ?? 0); row++) {
    const [a = 0, b = 0, c = 0, unit = 0, median = 0, spread = 1] = categories?.data.subarray(row * 6) ?? [];
    scales.set(keyText([a, b, c]), { unit, median, spread });
  }
  return scales;
}

function commonestCurrency(items: readonly Priced[]): string | undefined {
  const counts = new Map<string | undefined, number>();
  for (const { price, currency } of items) if (price !== null) counts.set(currency, (counts.get(currency) ?? 0) + 1);
  return [...counts].reduce<[string | undefined, number]>(
    (most, one) => (one[1] > most[1] ? one : most),
    [undefined, 0],
  )[0];
}

/** Spelling that does not matter: case, width of letters, blanks. */
function categoryName(category: string): string {
  return category.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim();
}

/** 72 bits of SHA-256 as three whole numbers that float32 holds exactly. */
function categoryKey(name: string): [number, number, number] {
  const digest = createHash('sha256').update(`noren/price category/${name}`).digest();
  return [digest.readUIntBE(0, 3), digest.readUIntBE(3, 3), digest.readUIntBE(6, 3)];
}

function keyText(key: readonly number[]): string {
  return key.join(' ');
}

function listed({ unit, median, spread }: PriceScale): [number, number, number] {
  return [unit, median, spread];
}

function codes(letters: string): number[] {
  return Array.from({ length: letters.length }, (_, at) => letters.charCodeAt(at));
}
