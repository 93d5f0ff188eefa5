import type { ItemFeatures, Modality, Sequences } from '@noren/dataset';
import type { RecommenderConfig } from '../config/recommender-config.ts';
import { seededRandom, type SeededRandom } from '../random/seeded-random.ts';
import { prepareStudy, type Study } from '../study/study.ts';

export const tinyConfig: RecommenderConfig = {
  dimension: 8,
  layers: 1,
  heads: 2,
  feedForward: 16,
  maximumLength: 8,
  dropout: 0.1,
  temperature: 0.1,
  fusion: 'sum+hadamard',
  fusionWeight: 0.1,
  experts: { text: 2, image: 1, price: 2 },
  features: { text: 6, image: 5, price: 4 },
  scales: { text: 1, image: 0.5, price: 0.5 },
  priorWeight: 0.25,
  identity: 0,
  adapterRank: 0,
};

export const TINY_KINDS = 5;

/** Items of five kinds that their features tell apart; customers go round the kinds, so the next kind can be learned. */
export function tinyFeatures(config: RecommenderConfig, items: number, seed = 1): ItemFeatures {
  const random = seededRandom(seed, 'tiny features');
  const modality = (dimension: number): Modality => {
    const data = new Float32Array(items * dimension);
    for (let item = 0; item < items; item += 1) {
      for (let column = 0; column < dimension; column += 1) {
        data[item * dimension + column] = (column === (item % TINY_KINDS) % dimension ? 1 : 0) + 0.2 * random.normal();
      }
    }
    return { dimension, data, present: new Uint8Array(items).fill(1) };
  };
  return {
    items,
    text: modality(config.features.text),
    image: modality(config.features.image),
    price: modality(config.features.price),
  };
}

export function tinySequences(customers: number, items: number, seed = 1): Sequences {
  const random = seededRandom(seed, 'tiny sequences');
  return sequencesOf(Array.from({ length: customers }, () => walk(random, items, 4 + random.below(6))));
}

/** What customers bought, a row each. */
export function sequencesOf(rows: readonly (readonly number[])[]): Sequences {
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((row, customer) => {
    offsets[customer + 1] = (offsets[customer] ?? 0) + row.length;
  });
  return {
    customers: rows.map((_, customer) => `c${customer}`),
    offsets,
    items: Int32Array.from(rows.flat()),
    times: Float64Array.from(rows.flat(), (_, at) => at),
  };
}

function walk(random: SeededRandom, items: number, length: number): number[] {
  const start = random.below(TINY_KINDS);
  return Array.from(
    { length },
    (_, step) => ((start + step) % TINY_KINDS) + TINY_KINDS * random.below(Math.floor(items / TINY_KINDS)),
  );
}

export function tinyStudy(
  config: RecommenderConfig = tinyConfig,
  o: { customers?: number; items?: number } = {},
): Study {
  const { customers = 60, items = 40 } = o;
  return prepareStudy({
    config,
    features: tinyFeatures(config, items),
    sequences: tinySequences(customers, items),
    seed: 1,
  });
}
