import type { CatalogueItem } from '../../retail-data.ts';
import { checkDimension } from '../agreement.ts';
import type { EncodedModality, Encoder, Encoding } from '../encoder.ts';
import type { PrecomputedSource } from '../feature-source.ts';
import type { Modality } from '../featuriser.ts';
import { fitNormalisation, normalise, normalisationTensors, shippedNormalisation } from '../normalise.ts';
import { readFeatures } from './read-features.ts';

/** Features that were computed elsewhere, read and normalised. */
export function precomputedEncoder(modality: EncodedModality, source: PrecomputedSource): Encoder {
  const read = (catalogue: readonly CatalogueItem[], o: Encoding): Promise<Modality> =>
    readFeatures(source, { ...o, items: catalogue.map(({ id }) => id) });
  return {
    fit: async (catalogue, o) => {
      const features = await read(catalogue, o);
      const how = source.normalise ?? 'standardised';
      const { encoder } = source;
      return {
        description: { kind: 'precomputed', encoder, dimension: features.dimension, normalise: how },
        tensors: normalisationTensors(fitNormalisation(how, features)),
      };
    },
    encode: async ({ description, tensors }, catalogue, o) => {
      const features = await read(catalogue, o);
      checkDimension(modality, description, features.dimension);
      if (description.kind === 'precomputed') normalise(description.normalise, shippedNormalisation(tensors), features);
      return features;
    },
  };
}
