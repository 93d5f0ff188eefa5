import { z } from 'zod';

import type { PixelPlan, Pixels } from '../../images/pixels.ts';
import { modelInvalid } from './model-error.ts';
import type { ModelFolder } from './model-folder.ts';

/** How an image becomes a model's input. */
export interface Preprocessing {
  readonly width: number;
  readonly height: number;
  readonly pixels: PixelPlan;
  /** value = pixel * factor + offset, for red, green and blue. */
  readonly factor: readonly number[];
  readonly offset: readonly number[];
}

const side = z.int().min(8).max(2048);
const rectangle = z.looseObject({ width: side, height: side });
const perChannel = z.union([z.number(), z.array(z.number()).length(3)]);
const deviation = z.union([z.number().positive(), z.array(z.number().positive()).length(3)]);

const schema = z.looseObject({
  do_resize: z.boolean().optional(),
  size: z.union([side, rectangle, z.looseObject({ shortest_edge: side })]).optional(),
  crop_pct: z.number().min(0.1).max(1).nullish(),
  resample: z.int().optional(),
  do_center_crop: z.boolean().optional(),
  crop_size: z.union([side, rectangle]).optional(),
  do_rescale: z.boolean().optional(),
  rescale_factor: z.number().positive().optional(),
  do_normalize: z.boolean().optional(),
  image_mean: perChannel.optional(),
  image_std: deviation.optional(),
});
type Config = z.infer<typeof schema>;

/** Steps that would change the numbers and are not done here. */
const UNKNOWN_STEPS = ['do_pad', 'do_flip_channel_order', 'do_thumbnail', 'do_align_long_axis', 'rescale_offset'];

/** PIL's numbers of its filters. */
const KERNELS: ReadonlyMap<number, PixelPlan['kernel']> = new Map([
  [0, 'nearest'],
  [1, 'lanczos3'],
  [2, 'linear'],
  [3, 'cubic'],
]);

/** Reads `preprocessor_config.json` (Transformers' image processors). Throws DatasetError `model-invalid`. */
export function readPreprocessing({ json, label }: ModelFolder): Preprocessing {
  const file = `${label}/preprocessor_config.json`;
  const result = schema.safeParse(json.get('preprocessor_config.json'));
  if (!result.success) {
    const [issue] = result.error.issues;
    throw modelInvalid(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`, file, result.error);
  }
  const config = result.data;
  const step = UNKNOWN_STEPS.find((name) => config[name] === true);
  if (step !== undefined) throw modelInvalid(`it asks for "${step}", which this program does not do`, file);
  const kernel = KERNELS.get(config.resample ?? 2);
  if (kernel === undefined) throw modelInvalid(`"resample" is ${config.resample}; 0 to 3 are known`, file);
  const { resize, crop } = geometryOf(config);
  const fixed = crop ?? (resize !== null && 'width' in resize ? resize : null);
  if (fixed === null) throw modelInvalid('images would differ in size: it needs a crop, or a width and a height', file);
  if (crop !== null && !covers(resize, crop)) throw modelInvalid('the crop is larger than the resized image', file);
  return { width: fixed.width, height: fixed.height, pixels: { resize, kernel, crop }, ...scalingOf(config, file) };
}

function geometryOf(config: Config): Pick<PixelPlan, 'resize' | 'crop'> {
  const { size, crop_size: cropSize, crop_pct: cropShare } = config;
  const crops = config.do_center_crop ?? cropSize !== undefined;
  const crop = crops ? rectangleOf(cropSize ?? size) : null;
  if (config.do_resize === false || size === undefined) return { resize: null, crop };
  if (typeof size === 'object' && 'shortest_edge' in size) {
    const shortest = size['shortest_edge'] as number;
    if (cropShare === null || cropShare === undefined) return { resize: { shortest }, crop };
    // ConvNeXT: small images are made somewhat larger and cropped, large ones warped.
    if (shortest >= 384) return { resize: square(shortest), crop: null };
    return { resize: { shortest: Math.floor(shortest / cropShare) }, crop: square(shortest) };
  }
  // A bare number is the shorter side where a crop follows.
  if (typeof size === 'number' && crop !== null) return { resize: { shortest: size }, crop };
  return { resize: rectangleOf(size), crop };
}

function rectangleOf(size: Config['size'] | Config['crop_size']): { width: number; height: number } | null {
  if (typeof size === 'number') return square(size);
  if (size === undefined) return null;
  if ('shortest_edge' in size) return square(size['shortest_edge'] as number);
  return { width: size.width, height: size.height };
}

function square(length: number): { width: number; height: number } {
  return { width: length, height: length };
}

function covers(resize: PixelPlan['resize'], crop: { width: number; height: number }): boolean {
  if (resize === null) return true;
  const { width, height } = 'shortest' in resize ? square(resize.shortest) : resize;
  return width >= crop.width && height >= crop.height;
}

function scalingOf(config: Config, file: string): Pick<Preprocessing, 'factor' | 'offset'> {
  const rescale = config.do_rescale === false ? 1 : (config.rescale_factor ?? 1 / 255);
  if (config.do_normalize === false) return { factor: threeOf(rescale), offset: threeOf(0) };
  const { image_mean: means, image_std: deviations } = config;
  if (means === undefined || deviations === undefined)
    throw modelInvalid('it normalises images, but does not say with which image_mean and image_std', file);
  const mean = threeOf(means);
  const deviation = threeOf(deviations);
  return {
    factor: deviation.map((value) => rescale / value),
    offset: mean.map((value, channel) => -value / (deviation[channel] ?? 1)),
  };
}

function threeOf(value: number | readonly number[]): readonly number[] {
  return typeof value === 'number' ? [value, value, value] : value;
}

/** Writes an image's numbers, 3 x height x width, to `to`. */
export function writeInput({ rgb }: Pixels, { factor, offset }: Preprocessing, to: Float32Array): void {
  const places = rgb.length / 3;
  for (let channel = 0; channel < 3; channel++) {
    const scale = factor[channel] ?? 1;
    const shift = offset[channel] ?? 0;
    for (let at = 0; at < places; at++) to[channel * places + at] = rgb[at * 3 + channel]! * scale + shift;
  }
}
