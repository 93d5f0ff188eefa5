import { seededRandom } from '@noren/recommender';
import type { ExperimentFederation } from '../federation/experiment-federation.ts';
import type { ShopData } from '../federation/regroup.ts';
import type { Recipe } from '../run/recipe.ts';

const KINDS = ['tea bowl', 'straw hat', 'paper fan', 'wooden comb', 'iron kettle'];
const COLOURS = ['red', 'blue', 'green', 'white', 'black', 'brown'];

/** Shops whose customers go round the kinds of goods, so that a text says what is bought next. */
function shop(seed: number, customers: number): ShopData {
  const random = seededRandom(seed, 'tiny shop');
  const names = KINDS.flatMap((kind) => COLOURS.map((colour) => `${colour} ${kind}`));
  const catalogue = names.map(
    (text) => ({ id: text, text, imagePath: null, price: null }) as ShopData['catalogue'][number],
  );
  const rows = Array.from({ length: customers }, () => {
    const start = random.below(KINDS.length);
    const length = 4 + random.below(3);
    const row = Array.from(
      { length },
      (_, step) => ((start + step) % KINDS.length) * COLOURS.length + random.below(COLOURS.length),
    );
    return [...new Set(row)];
  });
  const offsets = new Int32Array(customers + 1);
  rows.forEach((row, at) => (offsets[at + 1] = (offsets[at] ?? 0) + row.length));
  const items = Int32Array.from(rows.flat());
  return {
    catalogue,
    sequences: {
      customers: rows.map((_, at) => `customer ${seed}-${at}`),
      offsets,
      items,
      times: Float64Array.from(items, (_, at) => at),
    },
  };
}

export function tinyFederation(): ExperimentFederation {
  const sites = [1, 2, 3].map((seed) => ({ name: `shop ${seed}`, ...shop(seed, 100) }));
  return { name: 'Tiny shops', note: 'Three shops and their headquarters.', headquarters: shop(9, 150), sites };
}

export const tinyRecipe: Recipe = {
  config: {
    dimension: 8,
    layers: 1,
    heads: 2,
    feedForward: 16,
    maximumLength: 8,
    dropout: 0.1,
    temperature: 0.1,
    fusion: 'sum+hadamard',
    fusionWeight: 0.1,
    experts: { text: 1, image: 1, price: 1 },
    features: { text: 12, image: 4, price: 16 },
    scales: { text: 1, image: 1, price: 1 },
    identity: 0,
    adapterRank: 0,
    priorWeight: 0,
  },
  batchSize: 32,
  weightDecay: 0,
  candidates: 64,
  rivals: 'bought',
  augmentation: { thinning: 0.1, shuffling: 0 },
  averaging: 0.5,
  pretraining: { epochs: 15, learningRate: 0.02 },
  scratch: { epochs: 3, learningRate: 0.02 },
  local: { epochs: 2, learningRate: 0.005 },
  federated: { rounds: 2, epochs: 1, learningRate: 0.005 },
  patience: 5,
  chosenOn: 'early-stopping',
  priorWeights: [0.5],
};
