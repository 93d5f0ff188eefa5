import type { CatalogueItem, Progress } from '../retail-data.ts';
import type { EncoderDescription } from './encoder-description.ts';
import type { FeatureTensor } from './feature-tensor.ts';
import type { Modality } from './featuriser.ts';

/** The modalities whose encoder can be chosen; prices have one of their own. */
export type EncodedModality = 'text' | 'image';

/** What headquarters ships of one modality's encoder. */
export interface FittedEncoder {
  readonly description: EncoderDescription;
  /** By the name after `featuriser.<modality>/`. */
  readonly tensors: Readonly<Record<string, FeatureTensor>>;
}

export interface Encoding {
  /** The folder that relative paths of the mapping start from. */
  readonly base: string;
  /** Where results are kept between runs, null for nowhere. */
  readonly cacheFolder: string | null;
  /** Of a model's runtime; undefined for all cores. */
  readonly threads: number | undefined;
  readonly onProgress: Progress;
}

/** One way to make a modality's features. */
export interface Encoder {
  /** At headquarters. */
  fit(catalogue: readonly CatalogueItem[], o: Encoding): Promise<FittedEncoder>;
  /** Everywhere, with what headquarters fitted for an encoder of the same kind. Rows in the catalogue's order. */
  encode(fitted: FittedEncoder, catalogue: readonly CatalogueItem[], o: Encoding): Promise<Modality>;
}
