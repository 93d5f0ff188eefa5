import type { Normalisation } from './normalisation.ts';
import type { FeatureTensor } from './feature-tensor.ts';
import type { Modality } from './featuriser.ts';
import { standardisationOf, standardised, type Standardisation } from './standardisation.ts';

/** Rows of the items that have the modality, as views. */
export function* presentRows({ data, present, dimension }: Modality): Generator<Float32Array> {
  for (const [item, has] of present.entries())
    if (has === 1) yield data.subarray(item * dimension, (item + 1) * dimension);
}

/** Headquarters' part of a normalisation: empty but for `standardised`. */
export function fitNormalisation(how: Normalisation, modality: Modality): Standardisation | null {
  return how === 'standardised' ? standardisationOf(presentRows(modality), modality.dimension) : null;
}

/**
 * Normalises in place. Under `unit` and `standardised` a value is about 1 in size, what a linear layer started in the
 * usual way expects.
 */
export function normalise(how: Normalisation, fitted: Standardisation | null, modality: Modality): void {
  if (how === 'raw') return;
  for (const row of presentRows(modality)) {
    if (fitted !== null) for (const [k, value] of row.entries()) row[k] = standardised(value, fitted, k);
    else {
      const size = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / row.length);
      for (const [k, value] of row.entries()) row[k] = value / size;
    }
  }
}

/** As shipped in the backbone. */
export function normalisationTensors(fitted: Standardisation | null): Record<string, FeatureTensor> {
  if (fitted === null) return {};
  const { mean, scale } = fitted;
  return { mean: { shape: [mean.length], data: mean }, scale: { shape: [scale.length], data: scale } };
}

/** As `normalisationTensors` made them; null where there are none. */
export function shippedNormalisation(tensors: Readonly<Record<string, FeatureTensor>>): Standardisation | null {
  const { mean, scale } = tensors;
  return mean === undefined || scale === undefined ? null : { mean: mean.data, scale: scale.data };
}
