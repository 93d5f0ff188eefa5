import type { RandomStream } from '../random.ts';
import type { FeatureTensor } from './feature-tensor.ts';
import type { Modality } from './featuriser.ts';
import { sparse, type SparseRows } from './matrix.ts';
import { rightSingularVectors } from './randomised-svd.ts';
import { TEXT_BUCKETS, textTerms } from './text-terms.ts';

/** Texts that the projection is fitted on at most; more cost time and do not change it visibly. */
const FITTED_AT_MOST = 5_000;

export interface TextEncoder {
  /** [TEXT_BUCKETS] ln((1 + n) / (1 + df)) + 1; 1 for a bucket never filled, because a new spelling is not yet telling. */
  readonly idf: FeatureTensor;
  /** [TEXT_BUCKETS, dimension] */
  readonly projection: FeatureTensor;
}

/**
 * TF-IDF over hashed terms, then the leading right singular vectors (latent semantic analysis) but the first, which is
 * what all texts share and tells none from another. Buckets that no text of headquarters fills get a random direction
 * instead of none: a shop that writes in another language still gets features in which texts that share words are near.
 */
export function fitTextEncoder(texts: readonly string[], dimension: number, random: RandomStream): TextEncoder {
  const known = texts.filter((text) => text !== '');
  const fitted = known.length > FITTED_AT_MOST ? random.shuffle([...known]).slice(0, FITTED_AT_MOST) : known;
  const terms = fitted.map(textTerms);
  const frequency = new Float64Array(TEXT_BUCKETS);
  for (const weights of terms) for (const bucket of weights.keys()) frequency[bucket]! += 1;
  const idf = Float32Array.from(frequency, (df) => (df === 0 ? 1 : Math.log((1 + fitted.length) / (1 + df)) + 1));
  const { vectors, values, count } = rightSingularVectors(sparse(tfIdfRows(terms, idf)), dimension + 1, random);

  const used = frequency.reduce((sum, df) => sum + (df > 0 ? 1 : 0), 0);
  // As long on average as the rows of the used buckets: entries of orthonormal columns have the mean square 1 / used.
  const spread = Math.sqrt(1 / Math.max(1, used));
  const projection = new Float32Array(TEXT_BUCKETS * dimension);
  for (let k = 0; k < dimension; k++) {
    // Half way between the raw texts' similarity (the few strongest directions decide) and full whitening (noise counts
    // like signal). On the lines of H&M the next purchase is the nearest text more often: HR@10 0.111 against
    // 0.098 raw and 0.110 whitened, mean of the five lines.
    const damping = 1 / Math.sqrt(values[Math.min(k + 1, count - 1)] ?? 1);
    for (let bucket = 0; bucket < TEXT_BUCKETS; bucket++) {
      const value =
        frequency[bucket] === 0 ? random.normal() * spread : k + 1 < count ? vectors[bucket * count + k + 1]! : 0;
      projection[bucket * dimension + k] = value * damping;
    }
  }
  return {
    idf: { shape: [TEXT_BUCKETS], data: idf },
    projection: { shape: [TEXT_BUCKETS, dimension], data: projection },
  };
}

/** Rows have length sqrt(dimension): a feature is about 1 in size, what a linear layer started in the usual way expects. */
export function encodeTexts(encoder: TextEncoder, texts: readonly string[]): Modality {
  const projection = encoder.projection.data;
  const dimension = projection.length / TEXT_BUCKETS;
  const data = new Float32Array(texts.length * dimension);
  const present = new Uint8Array(texts.length);
  const row = new Float64Array(dimension);
  for (const [item, text] of texts.entries()) {
    const weights = tfIdf(textTerms(text), encoder.idf.data);
    if (weights.length === 0) continue;
    row.fill(0);
    for (const [bucket, weight] of weights) {
      const start = bucket * dimension;
      for (let k = 0; k < dimension; k++) row[k]! += weight * projection[start + k]!;
    }
    const scale = Math.sqrt(dimension) / (Math.hypot(...row) || 1);
    for (let k = 0; k < dimension; k++) data[item * dimension + k] = row[k]! * scale;
    present[item] = 1;
  }
  return { dimension, data, present };
}

/** Weighted by idf and scaled to length 1. */
function tfIdf(terms: ReadonlyMap<number, number>, idf: Float32Array): [bucket: number, weight: number][] {
  const weighted = [...terms].map(([bucket, weight]): [number, number] => [bucket, weight * idf[bucket]!]);
  const length = Math.hypot(...weighted.map(([, weight]) => weight));
  return weighted.map(([bucket, weight]) => [bucket, weight / length]);
}

function tfIdfRows(terms: readonly ReadonlyMap<number, number>[], idf: Float32Array): SparseRows {
  const entries = terms.reduce((sum, weights) => sum + weights.size, 0);
  const starts = new Int32Array(terms.length + 1);
  const places = new Int32Array(entries);
  const values = new Float32Array(entries);
  let at = 0;
  for (const [row, weights] of terms.entries()) {
    for (const [bucket, weight] of tfIdf(weights, idf)) {
      places[at] = bucket;
      values[at] = weight;
      at++;
    }
    starts[row + 1] = at;
  }
  return { columns: TEXT_BUCKETS, starts, places, values };
}
