import type { ItemFeatures, Modality, Sequences } from '@noren/dataset';
import type { RecommenderConfig } from '../config/recommender-config.ts';
import { seededRandom, type SeededRandom } from '../random/seeded-random.ts';
import { sequencesOf, tinyFeatures, TINY_KINDS } from './tiny-study.ts';

/** What an item costs as its customers see it: 0 the cheapest, 1 the dearest. */
export type Prices = Float64Array;
/** As the generated worlds have it: the next price is near the last, or mirrored, cheap after dear and dear after cheap. */
export type PriceTaste = 'near' | 'opposite';

export interface PricedItems {
  readonly features: ItemFeatures;
  readonly prices: Prices;
}

/** Width of the price preference, in units of `Prices`. */
const PRICE_WIDTH = 0.25;

/** Items of five kinds whose texts and images tell the kind and whose price features tell the price, which kinds do not. */
export function pricedItems(config: RecommenderConfig, items: number, seed: number): PricedItems {
  const random = seededRandom(seed, 'prices');
  const prices = Float64Array.from({ length: items }, () => random.uniform());
  const { dimension, present } = tinyFeatures(config, items, seed).price;
  const data = new Float32Array(items * dimension);
  for (const [item, price] of prices.entries()) {
    for (let column = 0; column < dimension; column += 1) {
      data[item * dimension + column] = Math.exp(-((((price - column / (dimension - 1)) * dimension) / 2) ** 2));
    }
  }
  return { features: { ...tinyFeatures(config, items, seed), price: { dimension, data, present } }, prices };
}

/** The same items with every modality's rows dealt to others: what headquarters learned about descriptions is wrong here. */
export function dealtOut({ features, prices }: PricedItems, seed: number): PricedItems {
  const everyItem = Int32Array.from(prices, (_, item) => item);
  const order = seededRandom(seed, 'shuffled modalities').shuffle(everyItem);
  const deal = ({ dimension, data, present }: Modality): Modality => ({
    dimension,
    present,
    data: Float32Array.from(
      data,
      (_, at) => data[(order[Math.floor(at / dimension)] ?? 0) * dimension + (at % dimension)] ?? 0,
    ),
  });
  const { text, image, price } = features;
  return {
    features: { ...features, text: deal(text), image: deal(image), price: deal(price) },
    // Customers go by the price they are shown.
    prices: prices.map((_, item) => prices[order[item] ?? 0] ?? 0),
  };
}

/** Customers go round the kinds, and within the next kind by price. */
export function pricedSequences(customers: number, prices: Prices, taste: PriceTaste, seed: number): Sequences {
  const random = seededRandom(seed, 'priced sequences');
  return sequencesOf(Array.from({ length: customers }, () => walk(random, prices, taste, 4 + random.below(6))));
}

function walk(random: SeededRandom, prices: Prices, taste: PriceTaste, length: number): number[] {
  const ofKind = Math.floor(prices.length / TINY_KINDS);
  const start = random.below(TINY_KINDS);
  const bought = [start + TINY_KINDS * random.below(ofKind)];
  while (bought.length < length) {
    const last = prices[bought.at(-1) ?? 0] ?? 0;
    const wanted = taste === 'near' ? last : 1 - last;
    const kind = (start + bought.length) % TINY_KINDS;
    const choice = Array.from({ length: ofKind }, (_, at) => kind + TINY_KINDS * at);
    const weights = choice.map((item) => Math.exp(-((((prices[item] ?? 0) - wanted) / PRICE_WIDTH) ** 2) / 2));
    bought.push(drawn(random, choice, weights));
  }
  return bought;
}

/** One of `choice`, with chances as `weights`. */
function drawn(random: SeededRandom, choice: readonly number[], weights: readonly number[]): number {
  let left = random.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [at, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return choice[at] ?? 0;
  }
  return choice.at(-1) ?? 0;
}
