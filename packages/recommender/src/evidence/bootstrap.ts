import { RecommenderError } from '../errors.ts';
import { seededRandom } from '../random/seeded-random.ts';
import { mean } from '../scoring/metrics.ts';

export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  /** Two-sided coverage for `interval`, one-sided for `lowerBound`; in (0, 1). */
  readonly confidence: number;
  /** Default 1000. */
  readonly resamples?: number;
  readonly seed: number;
}

/** Mean over customers with its percentile bootstrap interval (Efron 1979); customers are resampled with replacement. */
export function interval(values: Float64Array, o: BootstrapOptions): Interval {
  const means = resampledMeans(values, o);
  const tail = (1 - o.confidence) / 2;
  return { mean: mean(values), low: quantile(means, tail), high: quantile(means, 1 - tail) };
}

/** What the mean exceeds with one-sided `confidence`. */
export function lowerBound(values: Float64Array, o: BootstrapOptions): number {
  return quantile(resampledMeans(values, o), 1 - o.confidence);
}

/** Ascending means of resamples. */
function resampledMeans(values: Float64Array, { resamples = 1000, seed }: BootstrapOptions): Float64Array {
  if (values.length === 0) {
    throw new RecommenderError('scores-invalid', 'There are no customers to compare. Give the site more interactions.');
  }
  const random = seededRandom(seed, 'bootstrap');
  const means = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample += 1) {
    let sum = 0;
    for (let draw = 0; draw < values.length; draw += 1) sum += values[random.below(values.length)] as number;
    means[resample] = sum / values.length;
  }
  return means.toSorted();
}

/** Linear between order statistics. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (place - below);
}
