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
  /** Default: 1000; more where a bound's confidence needs them. */
  readonly resamples?: number;
  readonly seed: number;
}

/** Mean over customers with its percentile bootstrap interval (Efron 1979); customers are resampled with replacement. */
export function interval(values: Float64Array, o: BootstrapOptions): Interval {
  const means = resampledMeans(values, o);
  const tail = (1 - o.confidence) / 2;
  return { mean: mean(values), low: quantile(means, tail), high: quantile(means, 1 - tail) };
}

/**
 * What the mean exceeds with one-sided `confidence`: the lower of the percentile and the studentised bootstrap bound (Davison
 * and Hinkley 1997, 5.2 and 5.3). The first is too sure of skewed differences, the second of differences that are mostly
 * zero; where either cannot tell, the answer is low. Values in [-1, 1].
 */
export function lowerBound(values: Float64Array, { confidence, resamples, seed }: BootstrapOptions): number {
  checkThereAreCustomers(values);
  const tail = 1 - confidence;
  const count = resamples ?? resamplesFor(tail, values.length);
  const { center, error } = meanAndError(values, (at) => values[at] as number);
  if (error === 0) return center;
  const random = seededRandom(seed, 'bootstrap');
  const means = new Float64Array(count);
  const pivots = new Float64Array(count);
  for (let resample = 0; resample < count; resample += 1) {
    const drawn = meanAndError(values, () => values[random.below(values.length)] as number);
    means[resample] = drawn.center;
    // A resample of equal values says nothing of the spread: it counts as infinitely far.
    pivots[resample] = drawn.center === center ? 0 : (drawn.center - center) / drawn.error;
  }
  const studentised =
    center - (pivots.toSorted()[Math.min(count - 1, Math.ceil((1 - tail) * count))] as number) * error;
  return Math.max(-1, Math.min(quantile(means.toSorted(), tail), studentised));
}

/** Enough for some 50 resamples beyond the quantile, within about a second of work. */
function resamplesFor(tail: number, customers: number): number {
  const wanted = Math.max(1000, Math.ceil(50 / tail));
  return Math.max(1000, Math.min(wanted, 50_000, Math.floor(1e8 / customers)));
}

/** Mean and standard error of as many draws as there are values. */
function meanAndError(values: Float64Array, draw: (at: number) => number): { center: number; error: number } {
  const { length } = values;
  let sum = 0;
  let squares = 0;
  for (let at = 0; at < length; at += 1) {
    const value = draw(at);
    sum += value;
    squares += value * value;
  }
  const center = sum / length;
  const variance = Math.max(0, squares - length * center * center) / Math.max(1, length - 1);
  return { center, error: variance < 1e-18 ? 0 : Math.sqrt(variance / length) };
}

/** Ascending means of resamples. */
function resampledMeans(values: Float64Array, { resamples = 1000, seed }: BootstrapOptions): Float64Array {
  checkThereAreCustomers(values);
  const random = seededRandom(seed, 'bootstrap');
  const means = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample += 1) {
    let sum = 0;
    for (let draw = 0; draw < values.length; draw += 1) sum += values[random.below(values.length)] as number;
    means[resample] = sum / values.length;
  }
  return means.toSorted();
}

function checkThereAreCustomers(values: Float64Array): void {
  if (values.length > 0) return;
  throw new RecommenderError('scores-invalid', 'There are no customers to compare. Give the site more interactions.');
}

/** Linear between order statistics. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (place - below);
}
