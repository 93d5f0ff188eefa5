import type { ItemFeatures, Modality, Sequences } from '@noren/dataset';
import { seededRandom, type ModalityName, type RecommenderConfig, type SeededRandom } from '@noren/recommender';

/** Kinds of goods: the features of an item tell its kind, and customers go from kind to kind. */
const KINDS = 50;
/** Purchases of a customer, as in the generated worlds. */
const [SHORTEST, LONGEST] = [5, 12];
/** Share of purchases that follow from the one before. */
const FOLLOWING = 0.7;
/** Deviation of a feature around what its kind has, whose features have norm 1. */
const NOISE = 0.05;

export interface GeneratedSite {
  readonly features: ItemFeatures;
  readonly sequences: Sequences;
}

/** A site of any size whose item features are drawn, not encoded: for what training costs, not for how well it does. */
export function generatedSite(
  config: RecommenderConfig,
  o: { readonly customers: number; readonly items: number; readonly seed: number },
): GeneratedSite {
  const random = seededRandom(o.seed, 'generated site');
  const modality = (name: ModalityName): Modality => drawnModality(config.features[name], o.items, random);
  const features = { items: o.items, text: modality('text'), image: modality('image'), price: modality('price') };
  return { features, sequences: drawnSequences(o.customers, o.items, random) };
}

function drawnModality(dimension: number, items: number, random: SeededRandom): Modality {
  const kinds = Float32Array.from({ length: KINDS * dimension }, () => random.normal() / Math.sqrt(dimension));
  const data = Float32Array.from({ length: items * dimension }, (_, at) => {
    const [item, column] = [Math.floor(at / dimension), at % dimension];
    return (kinds[(item % KINDS) * dimension + column] ?? 0) + NOISE * random.normal();
  });
  return { dimension, data, present: new Uint8Array(items).fill(1) };
}

function drawnSequences(customers: number, items: number, random: SeededRandom): Sequences {
  const offsets = new Int32Array(customers + 1);
  const bought: number[] = [];
  for (let customer = 0; customer < customers; customer += 1) {
    let last = random.below(items);
    for (let left = SHORTEST + random.below(LONGEST - SHORTEST + 1); left > 0; left -= 1) {
      bought.push(last);
      last = random.uniform() < FOLLOWING ? oneOf((last + 1) % KINDS, items, random) : random.below(items);
    }
    offsets[customer + 1] = bought.length;
  }
  return {
    customers: Array.from({ length: customers }, (_, customer) => `customer-${customer + 1}`),
    offsets,
    items: Int32Array.from(bought),
    times: Float64Array.from(bought, (_, at) => at),
  };
}

function oneOf(kind: number, items: number, random: SeededRandom): number {
  return Math.min(items - 1, kind + KINDS * random.below(Math.ceil(items / KINDS)));
}
