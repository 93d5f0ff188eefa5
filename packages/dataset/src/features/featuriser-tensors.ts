import { DatasetError } from '../errors.ts';
import { descriptionsFrom, descriptionsTensor, type EncoderDescription } from './encoder-description.ts';
import type { EncodedModality, FittedEncoder } from './encoder.ts';
import type { FeatureTensor } from './feature-tensor.ts';
import type { Featuriser } from './featuriser.ts';
import { IMAGE_DESCRIPTOR_LENGTH } from './image-descriptor.ts';
import { PRICE_DIMENSION, type PriceEncoder } from './price-encoder.ts';
import { priceEncoderFrom, priceTensors } from './price-tensors.ts';
import { TEXT_BUCKETS } from './text-terms.ts';

/** Which computation the tensors belong to; a backbone fitted for another one must be refused, not misread. */
const RECIPE = 2;
const PREFIX = 'featuriser.';
const RECIPE_NAME = `${PREFIX}recipe/version`;
const ENCODERS_NAME = `${PREFIX}recipe/encoders`;

/** Encoders as they travel in a backbone. */
export function featuriserOf(text: FittedEncoder, image: FittedEncoder, price: PriceEncoder): Featuriser {
  const encoders = { text: text.description, image: image.description };
  return {
    encoders,
    tensors: new Map<string, FeatureTensor>([
      [RECIPE_NAME, { shape: [1], data: Float32Array.of(RECIPE) }],
      [ENCODERS_NAME, descriptionsTensor(encoders)],
      ...named('text', text),
      ...named('image', image),
      ...priceTensors(price),
    ]),
  };
}

/** The featuriser among a backbone's tensors (others are passed over), its shapes checked. */
export function featuriserFrom(tensors: ReadonlyMap<string, FeatureTensor>): Featuriser {
  const own = new Map([...tensors].filter(([name]) => name.startsWith(PREFIX)));
  const recipe = required(own, RECIPE_NAME).data[0];
  if (recipe !== RECIPE)
    throw new DatasetError(
      'featuriser-invalid',
      `the backbone's encoders are of kind ${recipe}, this program knows kind ${RECIPE}`,
      {},
      'Update the program, or ask headquarters for a backbone that fits it',
    );
  const encoders = descriptionsFrom(required(own, ENCODERS_NAME));
  for (const modality of ['text', 'image'] as const)
    for (const [name, shape] of Object.entries(shapesOf(modality, encoders[modality])))
      checkShape(own, nameOf(modality, name), shape);
  priceEncoderFrom(own);
  return { encoders, tensors: own };
}

export function fittedEncoder({ encoders, tensors }: Featuriser, modality: EncodedModality): FittedEncoder {
  const description = encoders[modality];
  const names = Object.keys(shapesOf(modality, description));
  const own = names.map((name) => [name, required(tensors, nameOf(modality, name))] as const);
  return { description, tensors: Object.fromEntries(own) };
}

/** The width of each modality that a featuriser makes. */
export function featureDimensions({ encoders }: Featuriser): { text: number; image: number; price: number } {
  return { text: encoders.text.dimension, image: encoders.image.dimension, price: PRICE_DIMENSION };
}

/** What an encoder ships, by the name after `featuriser.<modality>/`. */
function shapesOf(modality: EncodedModality, encoder: EncoderDescription): Record<string, readonly number[]> {
  const { kind, dimension } = encoder;
  switch (kind) {
    case 'built-in':
      if (modality === 'text') return { idf: [TEXT_BUCKETS], projection: [TEXT_BUCKETS, dimension] };
      return {
        mean: [IMAGE_DESCRIPTOR_LENGTH],
        scale: [IMAGE_DESCRIPTOR_LENGTH],
        projection: [IMAGE_DESCRIPTOR_LENGTH, dimension],
      };
    case 'none':
      return {};
    case 'precomputed':
    case 'model':
      return encoder.normalise === 'standardised' ? { mean: [dimension], scale: [dimension] } : {};
  }
}

function named(modality: EncodedModality, { tensors }: FittedEncoder): [string, FeatureTensor][] {
  return Object.entries(tensors).map(([name, tensor]) => [nameOf(modality, name), tensor]);
}

function nameOf(modality: EncodedModality, name: string): string {
  return `${PREFIX}${modality}/${name}`;
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
