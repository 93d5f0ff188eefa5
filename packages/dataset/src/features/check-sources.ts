import type { CatalogueItem, DataReport } from '../retail-data.ts';
import type { Encoding } from './encoder.ts';
import type { FeatureSource, FeatureSources } from './feature-source.ts';
import { readFeatures } from './precomputed/read-features.ts';

type Missing = Pick<DataReport, 'itemsWithoutText' | 'itemsWithoutImage'>;

/**
 * Reads what the sources name, so that a file that does not fit is found here and not in the middle of a round. Gives
 * the items without each modality where the catalogue does not decide that.
 */
export async function checkSources(
  sources: FeatureSources,
  catalogue: readonly CatalogueItem[],
  o: Pick<Encoding, 'base' | 'onProgress'>,
): Promise<Partial<Missing>> {
  const text = await missing(sources.text, catalogue, o);
  const image = await missing(sources.image, catalogue, o);
  return {
    ...(text === null ? {} : { itemsWithoutText: text }),
    ...(image === null ? {} : { itemsWithoutImage: image }),
  };
}

async function missing(
  source: FeatureSource | undefined,
  catalogue: readonly CatalogueItem[],
  o: Pick<Encoding, 'base' | 'onProgress'>,
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
  }
}
