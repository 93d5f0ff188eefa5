import { randomStream } from '../random.ts';
import type { CatalogueItem, Progress } from '../retail-data.ts';
import { checkAgreement } from './agreement.ts';
import { builtInImageEncoder, builtInTextEncoder } from './built-in-encoders.ts';
import type { EncodedModality, Encoder, Encoding } from './encoder.ts';
import type { FeatureSource, FeatureSources } from './feature-source.ts';
import { featuriserOf, fittedEncoder } from './featuriser-tensors.ts';
import type { Featuriser, ItemFeatures, Modality } from './featuriser.ts';
import { modelEncoder } from './model/model-encoder.ts';
import { noEncoder } from './no-encoder.ts';
import { precomputedEncoder } from './precomputed/precomputed-encoder.ts';
import { encodePrices, fitPriceEncoder } from './price-encoder.ts';
import { priceEncoderFrom } from './price-tensors.ts';

export interface FeaturiseOptions {
  /** The mapping's `features`: where features come from. Default: the built-in encoders. */
  readonly sources?: FeatureSources | undefined;
  /** The folder that the sources' relative paths start from. Default: the working folder. */
  readonly base?: string;
  /** Where descriptors of images, and what models made of texts and images, are kept between runs. */
  readonly cacheFolder?: string;
  /** Threads that a model may use. Default: all cores. */
  readonly threads?: number | undefined;
  readonly onProgress?: Progress;
}

export interface FitOptions extends FeaturiseOptions {
  /** Width of the built-in text features. Default 96. */
  readonly textDimension?: number;
  /** Width of the built-in image features. Default 64. */
  readonly imageDimension?: number;
  /** Default 1. */
  readonly seed?: number;
}

/**
 * Fits the frozen encoders to headquarters' catalogue. A modality that no item has is fitted to nothing, and later
 * counts as missing everywhere.
 */
export async function fitFeaturiser(catalogue: readonly CatalogueItem[], o: FitOptions = {}): Promise<Featuriser> {
  const encoding = encodingOf(o);
  const text = await encoderOf('text', o.sources?.text, o).fit(catalogue, encoding);
  const image = await encoderOf('image', o.sources?.image, o).fit(catalogue, encoding);
  return featuriserOf(text, image, fitPriceEncoder(catalogue));
}

/**
 * Features of every item, in the order of the catalogue. The same catalogue, sources and featuriser give the same
 * numbers. Throws DatasetError `encoder-mismatch` where the sources are not what the featuriser was fitted for.
 */
export async function featurise(
  featuriser: Featuriser,
  catalogue: readonly CatalogueItem[],
  o: FeaturiseOptions = {},
): Promise<ItemFeatures> {
  const encode = (modality: EncodedModality): Promise<Modality> => {
    const fitted = fittedEncoder(featuriser, modality);
    const source = o.sources?.[modality];
    checkAgreement(modality, fitted.description, source);
    const encoder = fitted.description.kind === 'none' ? noEncoder : encoderOf(modality, source, o);
    return encoder.encode(fitted, catalogue, encodingOf(o));
  };
  return {
    items: catalogue.length,
    text: await encode('text'),
    image: await encode('image'),
    price: encodePrices(priceEncoderFrom(featuriser.tensors), catalogue),
  };
}

function encoderOf(modality: EncodedModality, source: FeatureSource | undefined, o: FitOptions): Encoder {
  switch (source?.kind) {
    case undefined:
    case 'built-in': {
      const random = randomStream(o.seed ?? 1, `${modality} encoder`);
      if (modality === 'text') return builtInTextEncoder(o.textDimension ?? 96, random);
      return builtInImageEncoder(o.imageDimension ?? 64, random);
    }
    case 'none':
      return noEncoder;
    case 'precomputed':
      return precomputedEncoder(modality, source);
    case 'model':
      return modelEncoder(modality, source);
  }
}

function encodingOf(o: FeaturiseOptions): Encoding {
  return {
    base: o.base ?? '.',
    cacheFolder: o.cacheFolder ?? null,
    threads: o.threads,
    onProgress: o.onProgress ?? ((): void => undefined),
  };
}
