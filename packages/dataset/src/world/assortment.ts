import type { RandomStream } from '../random.ts';
import { CATEGORIES, COLLECTIONS, COLOURS, MATERIALS, PATTERNS, STYLES, type Word } from './vocabulary.ts';

/** A product as the world knows it; a model sees only how it is worded, drawn and priced. */
export interface Product {
  readonly style: number;
  readonly colour: number;
  readonly category: number;
  readonly pattern: number;
  readonly material: number;
  /** Yen. */
  readonly price: number;
  /** Log-odds of being bought whatever the taste. */
  readonly popularity: number;
}

/** What a chain stands for: which styles and categories it stocks, at what price level, worded in which language. */
export interface Chain {
  readonly styleWeights: readonly number[];
  readonly categoryWeights: readonly number[];
  readonly priceLevel: number;
  readonly japaneseShare: number;
}

/** Weight of a style outside a chain's core range. */
const SIDE_LINE = 0.15;

export function drawChain(random: RandomStream): Chain {
  return {
    styleWeights: STYLES.map(() => (random.uniform() < 0.65 ? 1 : SIDE_LINE)),
    categoryWeights: CATEGORIES.map(() => 0.4 + random.uniform()),
    priceLevel: Math.exp(0.3 * random.normal()),
    japaneseShare: random.pick([0.2, 0.5, 0.8]),
  };
}

/** Headquarters sells a bit of everything, half of it worded in Japanese. */
export const FULL_RANGE: Chain = {
  styleWeights: STYLES.map(() => 1),
  categoryWeights: CATEGORIES.map(() => 1),
  priceLevel: 1,
  japaneseShare: 0.5,
};

export function drawProduct(chain: Chain, random: RandomStream): Product {
  const category = random.weighted(chain.categoryWeights);
  const usual = (CATEGORIES[category]?.price ?? 5000) * chain.priceLevel * Math.exp(0.45 * random.normal());
  return {
    style: random.weighted(chain.styleWeights),
    colour: random.integer(COLOURS.length),
    category,
    pattern: random.integer(PATTERNS.length),
    material: random.integer(MATERIALS.length),
    price: Math.max(290, Math.round(usual / 100) * 100 - 10),
    popularity: 0.4 * random.normal(),
  };
}

/** A product text as shops write them: not every attribute is named, the order varies, the collection says nothing. */
export function wording(product: Product, chain: Chain, random: RandomStream): string {
  const japanese = random.uniform() < chain.japaneseShare;
  const word = (from: readonly Word[], at: number): string => from[at]?.[japanese ? 'ja' : 'en'] ?? '';
  const style = word(STYLES, product.style);
  const colour = random.uniform() < 0.8 ? word(COLOURS, product.colour) : '';
  const pattern = random.uniform() < 0.5 ? word(PATTERNS, product.pattern) : '';
  const material = random.uniform() < 0.7 ? word(MATERIALS, product.material) : '';
  const category = word(CATEGORIES, product.category);
  const collection = random.uniform() < 0.5 ? random.pick(COLLECTIONS) : null;
  const first = random.uniform() < 0.5;
  if (japanese) {
    const name = `${colour === '' ? '' : `${colour}の`}${pattern}${material}${category}`;
    const line = collection === null ? '' : `「${collection.ja}」`;
    return first ? `${line}${style}な${name}` : `${name}。${style}な装いに${line}`;
  }
  const name = [colour, pattern, material, category].filter((part) => part !== '').join(' ');
  const line = collection === null ? '' : `${collection.en} `;
  return first ? `${line}${style} ${name}` : `${line}${name}, ${style} look`;
}
