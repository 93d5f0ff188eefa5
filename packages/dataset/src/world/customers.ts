import { InteractionLog } from '../interaction-log.ts';
import type { RandomStream } from '../random.ts';
import type { Product } from './assortment.ts';
import type { Taste } from './taste.ts';

const SHORTEST = 5;
const LONGEST = 12;
/** Weight of the purchase before the last one, against 1 for the last. */
const EARLIER_WEIGHT = 0.35;
/** Share of purchases that no taste explains. */
const WHIM = 0.15;
/** Width of the price preference, in natural logarithms: 0.35 is about a third dearer or cheaper. */
const PRICE_WIDTH = 0.45;
const OPENING = Date.UTC(2024, 0, 1);
const DAY = 86_400_000;
const DAYS_BETWEEN = 9;

/** Lets customers buy one item after the other; nobody buys an item twice. */
export function letCustomersBuy(
  customers: number,
  products: readonly Product[],
  taste: Taste,
  random: RandomStream,
): InteractionLog {
  const log = new InteractionLog();
  const prices = products.map((product) => Math.log(product.price));
  const middle = prices.toSorted((a, b) => a - b)[prices.length >> 1] ?? 0;
  for (let number = 1; number <= customers; number++) {
    const customer = `customer-${String(number).padStart(4, '0')}`;
    const purchases = SHORTEST + random.integer(LONGEST - SHORTEST + 1);
    const bought: number[] = [];
    let time = OPENING + random.uniform() * 180 * DAY;
    while (bought.length < Math.min(purchases, products.length)) {
      const wish = wishes(products, prices, middle, bought, taste);
      const isWhim = bought.length === 0 || random.uniform() < WHIM;
      const weights = products.map((product, item) =>
        bought.includes(item) ? 0 : Math.exp(product.popularity + (isWhim ? 0 : (wish[item] ?? 0))),
      );
      const item = random.weighted(weights);
      bought.push(item);
      log.add(customer, item, Math.round(time));
      time += -Math.log(1 - random.uniform()) * DAYS_BETWEEN * DAY;
    }
  }
  return log;
}

/** Log-odds of each product after what was bought so far. */
function wishes(
  products: readonly Product[],
  prices: readonly number[],
  middle: number,
  bought: readonly number[],
  taste: Taste,
): Float64Array {
  const wish = new Float64Array(products.length);
  const last = bought.at(-1);
  if (last === undefined) return wish;
  for (const [had, weight] of [
    [products[last], 1],
    [products[bought.at(-2) ?? -1], EARLIER_WEIGHT],
  ] as const) {
    if (had === undefined) continue;
    const styles = taste.styles[had.style];
    const colours = taste.colours[had.colour];
    const categories = taste.categories[had.category];
    for (const [item, next] of products.entries())
      wish[item]! +=
        weight * ((styles?.[next.style] ?? 0) + (colours?.[next.colour] ?? 0) + (categories?.[next.category] ?? 0));
  }
  const price = prices[last] ?? middle;
  const wanted = taste.price === 'near' ? price : 2 * middle - price;
  for (const [item, next] of prices.entries()) wish[item]! -= ((next - wanted) / PRICE_WIDTH) ** 2 / 2;
  return wish;
}
