import type { CatalogueItem, DataReport } from '../retail-data.ts';
import type { EncodedModality, Encoding } from './encoder.ts';
import type { FeatureSource, FeatureSources } from './feature-source.ts';
import { tryModel } from './model/model-encoder.ts';
import { readModelFolder } from './model/model-folder.ts';
import { readFeatures } from './precomputed/read-features.ts';

type Missing = Pick<DataReport, 'itemsWithoutText' | 'itemsWithoutImage'>;

interface Checking extends Pick<Encoding, 'base' | 'onProgress'> {
  /** Whether to open models, or only to look whether their files are there. */
  readonly tryModels: boolean;
}

/**
 * Reads what the sources name, so that a file that does not fit is found here and not in the middle of a round. Gives
 * the items without each modality where the catalogue does not decide that.
 */
export async function checkSources(
  sources: FeatureSources,
  catalogue: readonly CatalogueItem[],
  o: Checking,
): Promise<Partial<Missing>> {
  const text = await missing('text', sources.text, catalogue, o);
  const image = await missing('image', sources.image, catalogue, o);
  return {
    ...(text === null ? {} : { itemsWithoutText: text }),
    ...(image === null ? {} : { itemsWithoutImage: image }),
  };
}

async function missing(
  modality: EncodedModality,
  source: FeatureSource | undefined,
  catalogue: readonly CatalogueItem[],
  o: Checking,
): Promise<number | null> {
  switch (source?.kind) {
    case undefined:
    case 'built-in':
      return null;
    case 'none':
      return catalogue.length;
    case 'precomputed': {
      const { present } = await readFeatures(source, { ...o, items: catalogue.map(({ id }) => id) });
      return present.reduce((count, has) => count - has, catalogue.length);
    }
    case 'model':
      // What the catalogue has, the model has features of.
      if (o.tryModels) await tryModel(modality, source, o.base);
      else await readModelFolder(source, modality, o.base);
      return null;
  }
}
