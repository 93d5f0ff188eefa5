import type { Constants } from '@noren/tensor';
import type { ItemFeatures } from '@noren/dataset';
import type { ModalityName } from '../config/recommender-config.ts';

/** A catalogue's features as constants of a compiled graph: `<modality>.features` and `<modality>.present`. */
export function featureTables(features: ItemFeatures, stage: readonly ModalityName[]): Constants {
  const { items } = features;
  return Object.fromEntries(
    stage.flatMap((modality) => {
      const { dimension, data, present } = features[modality];
      return [
        [`${modality}.features`, { shape: [items, dimension], data }],
        [`${modality}.present`, { shape: [items, 1], data: Float32Array.from(present) }],
      ];
    }),
  );
}
