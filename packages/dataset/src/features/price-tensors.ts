import { DatasetError } from '../errors.ts';
import type { FeatureTensor } from './feature-tensor.ts';
import type { PriceEncoder } from './price-encoder.ts';

const SCALE = 'featuriser.price/scale';
const CURRENCY = 'featuriser.price/currency';
const CATEGORIES = 'featuriser.price/categories';

/** A price encoder as it travels in a backbone. */
export function priceTensors({ scale, currency, categories }: PriceEncoder): [string, FeatureTensor][] {
  return [
    [SCALE, scale],
    ...(currency === undefined ? [] : [[CURRENCY, currency] satisfies [string, FeatureTensor]]),
    ...(categories === undefined ? [] : [[CATEGORIES, categories] satisfies [string, FeatureTensor]]),
  ];
}

/** The price encoder among a backbone's tensors, its shapes checked. */
export function priceEncoderFrom(tensors: ReadonlyMap<string, FeatureTensor>): PriceEncoder {
  const scale = tensors.get(SCALE);
  const currency = tensors.get(CURRENCY);
  const categories = tensors.get(CATEGORIES);
  if (scale === undefined) throw invalid(`the tensor ${SCALE} is missing`);
  check(SCALE, scale, [3]);
  if (currency !== undefined) check(CURRENCY, currency, [3]);
  if (categories !== undefined) check(CATEGORIES, categories, [categories.shape[0] ?? 0, 6]);
  return {
    scale,
    ...(currency === undefined ? {} : { currency }),
    ...(categories === undefined ? {} : { categories }),
  };
}

function check(name: string, { shape, data }: FeatureTensor, expected: readonly number[]): void {
  const size = expected.reduce((product, side) => product * side, 1);
  const fits = shape.length === expected.length && expected.every((side, at) => side === shape[at]);
  if (!fits || data.length !== size || !data.every(Number.isFinite))
    throw invalid(
      `the tensor ${name} has the shape [${shape.join(', ')}] where [${expected.join(', ')}] finite numbers are expected`,
    );
}

function invalid(what: string): DatasetError {
  return new DatasetError('featuriser-invalid', what, {}, 'Ask headquarters for the backbone again');
}
