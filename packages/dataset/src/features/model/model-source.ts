import { z } from 'zod';

import type { Normalisation } from '../normalisation.ts';

/**
 * What becomes of a model's numbers: `model`, its own pooled output; `mean` over the tokens (of a text, or patches of an
 * image); `cls`, the first token.
 */
export type Pooling = 'mean' | 'cls' | 'model';

/** A neural model in a folder of this machine, as exported for transformers.js or by Optimum. */
export interface ModelSource {
  readonly kind: 'model';
  readonly folder: string;
  /** The model's file in the folder. Default: `onnx/model.onnx`, or `model.onnx`. */
  readonly file?: string | undefined;
  // The rest is headquarters' choice; a site follows the backbone and may leave it out.
  /** Default `model` where the model gives an embedding of the whole, else `mean`. */
  readonly pooling?: Pooling | undefined;
  /** Which output of the model. Default: found by the names that exporters use. */
  readonly output?: string | undefined;
  /** Divides the vector by its length, as most such models are meant to be used. Default true. */
  readonly unitLength?: boolean | undefined;
  /** Put before every text, for models that were trained so ("passage: " of E5). Default none. */
  readonly prefix?: string | undefined;
  /** Longer texts are cut. Default 512; never more than the model takes. */
  readonly maximumTokens?: number | undefined;
  /** Default `standardised`. */
  readonly normalise?: Normalisation | undefined;
}

/** Limits of what a mapping or a backbone may say. */
export const modelSettingSchemas: {
  readonly pooling: z.ZodType<Pooling, Pooling>;
  readonly output: z.ZodType<string, string>;
  readonly unitLength: z.ZodType<boolean, boolean>;
  readonly prefix: z.ZodType<string, string>;
  readonly maximumTokens: z.ZodType<number, number>;
} = {
  pooling: z.enum(['mean', 'cls', 'model']),
  output: z.string().min(1).max(128),
  unitLength: z.boolean(),
  prefix: z.string().max(64),
  maximumTokens: z.int().min(4).max(8192),
};
