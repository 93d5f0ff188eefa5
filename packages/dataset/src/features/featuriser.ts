import type { EncoderDescriptions } from './encoder-description.ts';
import type { FeatureTensor } from './feature-tensor.ts';

/**
 * The frozen encoders, fitted once at headquarters and shipped inside the backbone. Tensor names are
 * `featuriser.<modality>/<tensor>`.
 */
export interface Featuriser {
  readonly encoders: EncoderDescriptions;
  /** With the encoders' description among them. */
  readonly tensors: ReadonlyMap<string, FeatureTensor>;
}

/** One modality of all items. */
export interface Modality {
  readonly dimension: number;
  /** items x dimension, row-major; a zero row where the item lacks the modality. */
  readonly data: Float32Array;
  /** 1 where the item has the modality, else 0. */
  readonly present: Uint8Array;
}

export interface ItemFeatures {
  readonly items: number;
  readonly text: Modality;
  readonly image: Modality;
  readonly price: Modality;
}
