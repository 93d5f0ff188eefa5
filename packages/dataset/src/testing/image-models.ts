import { join } from 'node:path';

import { encodeModel, type OnnxNode } from '@noren/tensor/onnx';

import { put } from './fixtures.ts';
import { node } from './text-models.ts';

/** Images are looked at 8 pixels wide and high; a pixel of 0 to 255 becomes -1 to 1. */
export const PREPROCESSING = {
  do_resize: true,
  size: { shortest_edge: 8 },
  resample: 3,
  do_center_crop: true,
  crop_size: { height: 8, width: 8 },
  do_rescale: true,
  rescale_factor: 1 / 255,
  do_normalize: true,
  image_mean: [0.5, 0.5, 0.5],
  image_std: [0.5, 0.5, 0.5],
};

export interface ImageModelChange {
  readonly input?: readonly (number | string)[];
  readonly output?: { readonly name: string; readonly shape: readonly (number | string)[] };
  readonly nodes?: readonly OnnxNode[];
}

/** An ONNX model whose embedding is the mean red, green and blue. */
export function meanColourModel(o: ImageModelChange = {}): Uint8Array {
  const output = o.output ?? { name: 'image_embeds', shape: ['batch', 3] };
  return encodeModel({
    inputs: [{ name: 'pixel_values', shape: o.input ?? ['batch', 3, 'height', 'width'], dtype: 'float32' }],
    outputs: [{ ...output, dtype: 'float32' }],
    initializers: [],
    nodes: o.nodes ?? [node('GlobalAveragePool', ['pixel_values'], 'mean'), node('Flatten', ['mean'], 'image_embeds')],
  });
}

/** Writes a folder as exported for transformers.js. */
export function imageModelFolder(
  base: string,
  name: string,
  o: { readonly model?: Uint8Array; readonly preprocessing?: object } = {},
): string {
  put(base, join(name, 'preprocessor_config.json'), JSON.stringify(o.preprocessing ?? PREPROCESSING));
  put(base, join(name, 'model.onnx'), o.model ?? meanColourModel());
  return name;
}
