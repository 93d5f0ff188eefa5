import type { Constants } from '@noren/tensor';
import type { ItemFeatures } from '@noren/dataset';
import type { ModalityName, RecommenderConfig } from '../config/recommender-config.ts';

/** What a compiled graph knows of a catalogue. */
export interface CatalogueView {
  readonly config: RecommenderConfig;
  readonly features: ItemFeatures;
  readonly stage: readonly ModalityName[];
  /** By item: 1 where it was bought in training, else 0. Read where items have identities; all where left out. */
  readonly bought?: Uint8Array;
}

/**
 * A catalogue as constants of a compiled graph: `<modality>.features`, `<modality>.present` and, where items have
 * identities, `identity.known`.
 *
 * Only an item that was bought has an identity. As a mere negative of every softmax any other would learn that nobody
 * wants it, and what describes it would count for nothing. Where nothing describes the items, all have one.
 */
export function featureTables({ config, features, stage, bought }: CatalogueView): Constants {
  const { items } = features;
  const known =
    bought === undefined || stage.length === 0 ? new Float32Array(items).fill(1) : Float32Array.from(bought);
  return {
    ...Object.fromEntries(
      stage.flatMap((modality) => {
        const { dimension, data, present } = features[modality];
        return [
          [`${modality}.features`, { shape: [items, dimension], data }],
          [`${modality}.present`, { shape: [items, 1], data: Float32Array.from(present) }],
        ];
      }),
    ),
    ...(config.identity === 0 ? {} : { 'identity.known': { shape: [items, 1], data: known } }),
  };
}
