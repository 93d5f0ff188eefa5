import { readFile } from 'node:fs/promises';

import { DatasetError } from '../errors.ts';
import { decodeRgb } from '../images/decode.ts';
import { inParallel } from '../images/in-parallel.ts';
import type { RandomStream } from '../random.ts';
import type { Progress } from '../retail-data.ts';
import type { FeatureTensor } from './feature-tensor.ts';
import type { Modality } from './featuriser.ts';
import { describeImage, IMAGE_DESCRIPTOR_LENGTH, IMAGE_DESCRIPTOR_VERSION, IMAGE_SIDE } from './image-descriptor.ts';
import { dense } from './matrix.ts';
import { rightSingularVectors } from './randomised-svd.ts';
import { standardisationOf, standardised } from './standardisation.ts';
import { VectorCache, type VectorKind } from './vector-cache.ts';

/** Images that the projection is fitted on at most. */
const FITTED_AT_MOST = 5_000;
/**
 * Size of an image feature. Descriptors without learned weights say less than texts do; at full size (1) they took
 * away the whole gain of text and price on H&M, at 0.3 they were neutral or better.
 */
const IMAGE_SCALE = 0.3;

const DESCRIPTORS: VectorKind = {
  name: `descriptors-v${IMAGE_DESCRIPTOR_VERSION}`,
  width: IMAGE_DESCRIPTOR_LENGTH,
};

export interface ImageEncoder {
  /** [IMAGE_DESCRIPTOR_LENGTH] */
  readonly mean: FeatureTensor;
  /** [IMAGE_DESCRIPTOR_LENGTH] 1 / standard deviation; 0 where the value never varies. */
  readonly scale: FeatureTensor;
  /** [IMAGE_DESCRIPTOR_LENGTH, dimension] All zero where headquarters had no images: images then count as missing. */
  readonly projection: FeatureTensor;
}

export interface DescriptorOptions {
  readonly cacheFolder: string | null;
  readonly onProgress: Progress;
}

/** Standardise, then the leading principal components, damped as the texts' are. */
export async function fitImageEncoder(
  paths: readonly string[],
  dimension: number,
  random: RandomStream,
  o: DescriptorOptions,
): Promise<ImageEncoder> {
  const fitted = paths.length > FITTED_AT_MOST ? random.shuffle([...paths]).slice(0, FITTED_AT_MOST) : paths;
  const descriptors = await describeImages(fitted, o);
  const length = IMAGE_DESCRIPTOR_LENGTH;
  const standardisation = standardisationOf(descriptors, length);
  const standard = new Float32Array(fitted.length * length);
  for (const [row, descriptor] of descriptors.entries())
    for (let k = 0; k < length; k++) standard[row * length + k] = standardised(descriptor[k]!, standardisation, k);

  const projection = new Float32Array(length * dimension);
  if (fitted.length > 0) {
    const operator = dense(standard, fitted.length, length);
    const { vectors, values, count } = rightSingularVectors(operator, dimension, random);
    for (let row = 0; row < length; row++)
      for (let k = 0; k < count; k++)
        projection[row * dimension + k] = vectors[row * count + k]! / Math.sqrt(values[k]!);
  }
  return {
    mean: { shape: [length], data: standardisation.mean },
    scale: { shape: [length], data: standardisation.scale },
    projection: { shape: [length, dimension], data: projection },
  };
}

/** Rows have length IMAGE_SCALE x sqrt(dimension). */
export async function encodeImages(
  encoder: ImageEncoder,
  paths: readonly (string | null)[],
  o: DescriptorOptions,
): Promise<Modality> {
  const length = IMAGE_DESCRIPTOR_LENGTH;
  const dimension = encoder.projection.data.length / length;
  const data = new Float32Array(paths.length * dimension);
  const present = new Uint8Array(paths.length);
  const withImage = paths.flatMap((path, item) => (path === null ? [] : [{ path, item }]));
  if (encoder.projection.data.every((value) => value === 0)) return { dimension, data, present };
  const descriptors = await describeImages(
    withImage.map(({ path }) => path),
    o,
  );
  const standardisation = { mean: encoder.mean.data, scale: encoder.scale.data };
  for (const [at, { item }] of withImage.entries()) {
    const descriptor = descriptors[at]!;
    const row = new Float64Array(dimension);
    for (let j = 0; j < length; j++) {
      const value = standardised(descriptor[j]!, standardisation, j);
      if (value === 0) continue;
      for (let k = 0; k < dimension; k++) row[k]! += value * encoder.projection.data[j * dimension + k]!;
    }
    const size = (IMAGE_SCALE * Math.sqrt(dimension)) / (Math.hypot(...row) || 1);
    for (let k = 0; k < dimension; k++) data[item * dimension + k] = row[k]! * size;
    present[item] = 1;
  }
  return { dimension, data, present };
}

async function describeImages(paths: readonly string[], o: DescriptorOptions): Promise<Float32Array[]> {
  const cache = await VectorCache.open(o.cacheFolder, DESCRIPTORS);
  const descriptors: Float32Array[] = [];
  let done = 0;
  try {
    await inParallel(paths.length, async (index) => {
      descriptors[index] = await describeFile(paths[index]!, cache);
      done++;
      if (done % 256 === 0 || done === paths.length) o.onProgress(done, paths.length, 'describing images');
    });
  } finally {
    await cache.save();
  }
  return descriptors;
}

async function describeFile(path: string, cache: VectorCache): Promise<Float32Array> {
  const remedy = 'Replace the file, or leave the item without an image';
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new DatasetError('image-missing', 'the image file cannot be read', { file: path }, remedy, error);
  });
  const hash = VectorCache.hash(bytes);
  const known = cache.get(hash);
  if (known !== undefined) return known;
  const rgb = await decodeRgb(bytes, IMAGE_SIDE, IMAGE_SIDE);
  if (rgb === null) throw new DatasetError('image-corrupt', 'the image cannot be decoded', { file: path }, remedy);
  const descriptor = describeImage(rgb);
  await cache.put(hash, descriptor);
  return descriptor;
}
