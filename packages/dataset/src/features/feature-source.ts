import { z } from 'zod';

import { type ModelSource, modelSettingSchemas } from './model/model-source.ts';
import { type Normalisation, normalisationSchema } from './normalisation.ts';

/** Widest feature that is read; what the recommender's configuration allows. */
export const WIDEST = 4096;

const file = z.string().min(1).max(4096);

/** Features that were computed elsewhere and lie in a file, one row an item. */
export interface PrecomputedSource {
  readonly kind: 'precomputed';
  readonly file: string;
  /**
   * Name of what computed them, such as "openai/clip-vit-base-patch32 text". Headquarters and every site must use the
   * same: a file of numbers does not say where it comes from.
   */
  readonly encoder: string;
  /** Follows the name `.npy` or `.safetensors` where absent. `float32` is raw, little-endian, without a header. */
  readonly format?: 'npy' | 'safetensors' | 'float32' | undefined;
  /** Width of a row; needed by `float32`, checked otherwise. */
  readonly dimension?: number | undefined;
  /** Which tensor of a safetensors file; may be absent where it holds one. */
  readonly tensor?: string | undefined;
  /** File that says which item a row belongs to. Where absent, rows are in the catalogue's order. */
  readonly items?: string | undefined;
  /** Chosen by headquarters (default `standardised`); a site follows the backbone and may leave it out. */
  readonly normalise?: Normalisation | undefined;
}

/** Where the features of one modality come from. `none`: this business has none, the modality is missing everywhere. */
export type FeatureSource = { readonly kind: 'built-in' } | { readonly kind: 'none' } | PrecomputedSource | ModelSource;

/** Absent means built in. */
export interface FeatureSources {
  readonly text?: FeatureSource | undefined;
  readonly image?: FeatureSource | undefined;
}

const precomputed = z
  .strictObject({
    kind: z.literal('precomputed'),
    file,
    encoder: z.string().trim().min(1).max(128),
    format: z.enum(['npy', 'safetensors', 'float32']).optional(),
    dimension: z.int().min(1).max(WIDEST).optional(),
    tensor: z.string().min(1).max(256).optional(),
    items: file.optional(),
    normalise: normalisationSchema.optional(),
  })
  .refine((source) => formatOf(source) !== null, {
    message: 'the file name ends neither in .npy nor in .safetensors: say which format it has',
    path: ['format'],
  })
  .refine((source) => formatOf(source) !== 'float32' || source.dimension !== undefined, {
    message: 'a file without a header does not say how wide its rows are',
    path: ['dimension'],
  })
  .refine((source) => source.tensor === undefined || formatOf(source) === 'safetensors', {
    message: 'only a safetensors file has named tensors',
    path: ['tensor'],
  });

const { pooling, output, unitLength, prefix, maximumTokens } = modelSettingSchemas;

const imageModel = z.strictObject({
  kind: z.literal('model'),
  folder: file,
  file: z
    .string()
    .max(256)
    .regex(/\.onnx$/i, 'the model is a file that ends in .onnx')
    .refine((path) => !/^[/\\]|^[a-z]:|(^|[/\\])\.\.([/\\]|$)/i.test(path), 'the model lies in the folder, or below')
    .optional(),
  pooling: pooling.optional(),
  output: output.optional(),
  unitLength: unitLength.optional(),
  normalise: normalisationSchema.optional(),
});
const textModel = imageModel.extend({ prefix: prefix.optional(), maximumTokens: maximumTokens.optional() });

const plain = [z.strictObject({ kind: z.literal('built-in') }), z.strictObject({ kind: z.literal('none') })] as const;
const textSource: z.ZodType<FeatureSource, FeatureSource> = z.discriminatedUnion('kind', [
  ...plain,
  precomputed,
  textModel,
]);
const imageSource: z.ZodType<FeatureSource, FeatureSource> = z.discriminatedUnion('kind', [
  ...plain,
  precomputed,
  imageModel,
]);

/** The part `features` of a site's mapping. */
export const featureSourcesSchema: z.ZodType<FeatureSources, FeatureSources> = z.strictObject({
  text: textSource.optional(),
  image: imageSource.optional(),
});

/** The stated format, or the one that the file's name says; null where neither does. */
export function formatOf(source: Pick<PrecomputedSource, 'file' | 'format'>): 'npy' | 'safetensors' | 'float32' | null {
  if (source.format !== undefined) return source.format;
  const ending = /\.(npy|safetensors)$/i.exec(source.file)?.[1]?.toLowerCase();
  return ending === 'npy' || ending === 'safetensors' ? ending : null;
}
