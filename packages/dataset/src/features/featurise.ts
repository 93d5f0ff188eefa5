import { DatasetError } from '../errors.ts';
import { randomStream } from '../random.ts';
import type { CatalogueItem, Progress } from '../retail-data.ts';
import type { FeatureTensor, Featuriser, ItemFeatures } from './featuriser.ts';
import { IMAGE_DESCRIPTOR_LENGTH } from './image-descriptor.ts';
import { encodeImages, fitImageEncoder } from './image-encoder.ts';
import { encodePrices, fitPriceEncoder, PRICE_DIMENSION } from './price-encoder.ts';
import { encodeTexts, fitTextEncoder } from './text-encoder.ts';
import { TEXT_BUCKETS } from './text-terms.ts';

/** Which computation the tensors belong to; a backbone fitted for another one must be refused, not misread. */
const RECIPE = 1;
const PREFIX = 'featuriser.';

export interface FitOptions {
  /** Default 96. */
  readonly textDimension?: number;
  /** Default 64. */
  readonly imageDimension?: number;
  /** Default 1. */
  readonly seed?: number;
  /** Where descriptors of images are kept between runs. */
  readonly cacheFolder?: string;
  readonly onProgress?: Progress;
}

export interface FeaturiseOptions {
  /** Where descriptors of images are kept between runs. */
  readonly cacheFolder?: string;
  readonly onProgress?: Progress;
}

/**
 * Fits the frozen encoders to headquarters' catalogue. A modality that no item has is fitted to nothing, and later
 * counts as missing everywhere.
 */
export async function fitFeaturiser(catalogue: readonly CatalogueItem[], o: FitOptions = {}): Promise<Featuriser> {
  const seed = o.seed ?? 1;
  const texts = catalogue.map((item) => item.text);
  const paths = catalogue.flatMap((item) => (item.imagePath === null ? [] : [item.imagePath]));
  const prices = catalogue.flatMap((item) => (item.price === null ? [] : [item.price]));
  const text = fitTextEncoder(texts, o.textDimension ?? 96, randomStream(seed, 'text encoder'));
  const images = randomStream(seed, 'image encoder');
  const image = await fitImageEncoder(paths, o.imageDimension ?? 64, images, describing(o));
  const price = fitPriceEncoder(prices);
  return {
    tensors: new Map<string, FeatureTensor>([
      ['featuriser.recipe/version', { shape: [1], data: Float32Array.of(RECIPE) }],
      ['featuriser.text/idf', text.idf],
      ['featuriser.text/projection', text.projection],
      ['featuriser.image/mean', image.mean],
      ['featuriser.image/scale', image.scale],
      ['featuriser.image/projection', image.projection],
      ['featuriser.price/scale', price.scale],
    ]),
  };
}

/** Features of every item, in the order of the catalogue. The same catalogue and featuriser give the same numbers. */
export async function featurise(
  featuriser: Featuriser,
  catalogue: readonly CatalogueItem[],
  o: FeaturiseOptions = {},
): Promise<ItemFeatures> {
  const tensor = (name: string): FeatureTensor => required(featuriser.tensors, name);
  const text = {
    idf: tensor('featuriser.text/idf'),
    projection: tensor('featuriser.text/projection'),
  };
  const image = {
    mean: tensor('featuriser.image/mean'),
    scale: tensor('featuriser.image/scale'),
    projection: tensor('featuriser.image/projection'),
  };
  return {
    items: catalogue.length,
    text: encodeTexts(
      text,
      catalogue.map((item) => item.text),
    ),
    image: await encodeImages(
      image,
      catalogue.map((item) => item.imagePath),
      describing(o),
    ),
    price: encodePrices(
      { scale: tensor('featuriser.price/scale') },
      catalogue.map((item) => item.price),
    ),
  };
}

/** The featuriser among a backbone's tensors (others are passed over), its shapes checked. */
export function featuriserFrom(tensors: ReadonlyMap<string, FeatureTensor>): Featuriser {
  const own = new Map([...tensors].filter(([name]) => name.startsWith(PREFIX)));
  const recipe = required(own, 'featuriser.recipe/version').data[0];
  if (recipe !== RECIPE)
    throw new DatasetError(
      'featuriser-invalid',
      `the backbone's encoders are of kind ${recipe}, this program knows kind ${RECIPE}`,
      {},
      'Update the program, or ask headquarters for a backbone that fits it',
    );
  const textDimension = required(own, 'featuriser.text/projection').shape[1] ?? 0;
  const imageDimension = required(own, 'featuriser.image/projection').shape[1] ?? 0;
  checkShape(own, 'featuriser.text/idf', [TEXT_BUCKETS]);
  checkShape(own, 'featuriser.text/projection', [TEXT_BUCKETS, textDimension]);
  checkShape(own, 'featuriser.image/mean', [IMAGE_DESCRIPTOR_LENGTH]);
  checkShape(own, 'featuriser.image/scale', [IMAGE_DESCRIPTOR_LENGTH]);
  checkShape(own, 'featuriser.image/projection', [IMAGE_DESCRIPTOR_LENGTH, imageDimension]);
  checkShape(own, 'featuriser.price/scale', [3]);
  return { tensors: own };
}

/** The width of each modality that a featuriser makes. */
export function featureDimensions(featuriser: Featuriser): { text: number; image: number; price: number } {
  return {
    text: required(featuriser.tensors, 'featuriser.text/projection').shape[1] ?? 0,
    image: required(featuriser.tensors, 'featuriser.image/projection').shape[1] ?? 0,
    price: PRICE_DIMENSION,
  };
}

function describing(o: FeaturiseOptions): { cacheFolder: string | null; onProgress: Progress } {
  return { cacheFolder: o.cacheFolder ?? null, onProgress: o.onProgress ?? ((): void => undefined) };
}

function required(tensors: ReadonlyMap<string, FeatureTensor>, name: string): FeatureTensor {
  const tensor = tensors.get(name);
  if (tensor === undefined)
    throw new DatasetError(
      'featuriser-invalid',
      `the tensor ${name} is missing`,
      {},
      'Ask headquarters for the backbone again',
    );
  return tensor;
}

function checkShape(tensors: ReadonlyMap<string, FeatureTensor>, name: string, shape: readonly number[]): void {
  const tensor = required(tensors, name);
  const size = shape.reduce((product, side) => product * side, 1);
  const fits = tensor.shape.length === shape.length && shape.every((side, at) => tensor.shape[at] === side);
  if (!fits || tensor.data.length !== size || !tensor.data.every(Number.isFinite))
    throw new DatasetError(
      'featuriser-invalid',
      `the tensor ${name} has the shape [${tensor.shape.join(', ')}] where [${shape.join(', ')}] finite numbers are expected`,
      {},
      'Ask headquarters for the backbone again',
    );
}
