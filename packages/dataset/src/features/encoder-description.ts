import { z } from 'zod';

import { DatasetError } from '../errors.ts';
import { type Normalisation, normalisationSchema } from './normalisation.ts';
import type { FeatureTensor } from './feature-tensor.ts';
import type { ModelSettings } from './model/model-settings.ts';
import { modelSettingSchemas } from './model/model-source.ts';

/** What makes a modality's features, as a backbone says it: sites must use the same. */
export type EncoderDescription =
  | { readonly kind: 'built-in'; readonly dimension: number }
  /** The modality counts as missing at every item. */
  | { readonly kind: 'none'; readonly dimension: number }
  | {
      readonly kind: 'precomputed';
      /** Name that headquarters gave to what computed the features. */
      readonly encoder: string;
      readonly dimension: number;
      readonly normalise: Normalisation;
    }
  | {
      readonly kind: 'model';
      /** The folder's name at headquarters, for messages. */
      readonly name: string;
      /** SHA-256 (hex) of the model's files: a site must have the same. */
      readonly fingerprint: string;
      readonly settings: ModelSettings;
      readonly dimension: number;
      readonly normalise: Normalisation;
    };

export interface EncoderDescriptions {
  readonly text: EncoderDescription;
  readonly image: EncoderDescription;
}

const dimension = z.int().min(1).max(4096);

const description: z.ZodType<EncoderDescription> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('built-in'), dimension }),
  z.strictObject({ kind: z.literal('none'), dimension }),
  z.strictObject({
    kind: z.literal('precomputed'),
    encoder: z.string().min(1).max(128),
    dimension,
    normalise: normalisationSchema,
  }),
  z.strictObject({
    kind: z.literal('model'),
    name: z.string().min(1).max(128),
    fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
    settings: z.strictObject(modelSettingSchemas),
    dimension,
    normalise: normalisationSchema,
  }),
]);

const descriptions: z.ZodType<EncoderDescriptions> = z.strictObject({ text: description, image: description });

/** Two descriptions of the longest kind. */
const LONGEST = 4096;

/** A backbone holds float32 tensors only, so the text is kept as its UTF-8 bytes. */
export function descriptionsTensor(encoders: EncoderDescriptions): FeatureTensor {
  const bytes = new TextEncoder().encode(JSON.stringify(encoders));
  return { shape: [bytes.length], data: Float32Array.from(bytes) };
}

/** Throws DatasetError `featuriser-invalid`. */
export function descriptionsFrom({ data }: FeatureTensor): EncoderDescriptions {
  const fault = 'the description of its encoders cannot be read';
  const remedy = 'Ask headquarters for the backbone again';
  if (data.length > LONGEST || !data.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256))
    throw new DatasetError('featuriser-invalid', fault, {}, remedy);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(data));
    return descriptions.parse(JSON.parse(text));
  } catch (error) {
    throw new DatasetError('featuriser-invalid', fault, {}, remedy, error);
  }
}

/** For messages: `"CLIP text", precomputed, 512 numbers wide`. */
export function inWords(encoder: EncoderDescription): string {
  switch (encoder.kind) {
    case 'built-in':
      return 'the built-in encoder';
    case 'none':
      return 'no encoder';
    case 'precomputed':
      return `precomputed features of "${encoder.encoder}", ${encoder.dimension} numbers wide`;
    case 'model':
      return `the model "${encoder.name}" (${encoder.fingerprint.slice(0, 12)}), ${encoder.dimension} numbers wide`;
  }
}
