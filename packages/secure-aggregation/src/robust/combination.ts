import { AggregationError } from '../errors.ts';

/**
 * How the means of many groups become one update, although some groups may be spoilt. Breakdown point: the share of spoilt
 * groups from which on the result can be anything.
 *
 * - `median`: of every coordinate; 1/2 (Yin et al., ICML 2018)
 * - `trimmed-mean`: of every coordinate, without the largest and the smallest fifth; 1/5 (the same)
 * - `geometric-median`: the point with the least sum of distances to the means; 1/2 (RFA, Pillutla et al. 2022)
 */
export type Combination = 'median' | 'trimmed-mean' | 'geometric-median';

/** Cut off at each end. */
const TRIMMED = 0.2;

/** Fewest spoilt of so many groups with which the result can be anything. @param groups 1 or more */
export function breakdown(combination: Combination, groups: number): number {
  // The spoilt ones can all lie on one side, where as many are cut off.
  return combination === 'trimmed-mean' ? Math.floor(TRIMMED * groups) + 1 : Math.ceil(groups / 2);
}

/** Coordinates between two turns of the event loop. */
const PIECE = 16_384;

/** Weiszfeld's steps; RFA gets by with three. */
const MOST_STEPS = 50;
/** Relative to the norm of the point: beyond it float32 has nothing to say. */
const STEP_TOLERANCE = 1e-6;
/** Least distance, relative to the median one, so that a mean that is the point itself does not get an infinite weight. */
const SMOOTHING = 1e-6;

/**
 * Groups count alike: their sizes differ by a site, and what a spoilt one claims for its weight is worth nothing.
 *
 * @param means one or more, of one length, finite; not changed
 * @param yieldTurn awaited after every 16 Ki coordinates
 * @throws AggregationError `malformed`
 */
export async function combineMeans(
  means: readonly Float32Array[],
  combination: Combination,
  yieldTurn: () => Promise<void>,
): Promise<Float32Array> {
  const length = means[0]?.length;
  if (length === undefined || means.some((mean) => mean.length !== length)) {
    throw new AggregationError('malformed', 'Means of several groups are combined, all of one length.');
  }
  return combination === 'geometric-median'
    ? geometricMedian(means, length, yieldTurn)
    : byCoordinate(means, length, combination === 'median' ? middle : trimmed, yieldTurn);
}

async function byCoordinate(
  means: readonly Float32Array[],
  length: number,
  centreOf: (sorted: Float64Array) => number,
  yieldTurn: () => Promise<void>,
): Promise<Float32Array> {
  const result = new Float32Array(length);
  const column = new Float64Array(means.length);
  for (let start = 0; start < length; start += PIECE) {
    const end = Math.min(length, start + PIECE);
    for (let i = start; i < end; i++) {
      for (let k = 0; k < means.length; k++) column[k] = means[k]![i]!;
      result[i] = centreOf(column.sort());
    }
    await yieldTurn();
  }
  return result;
}

export function middle(sorted: Float64Array): number {
  const half = sorted.length >>> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

function trimmed(sorted: Float64Array): number {
  const cut = Math.floor(TRIMMED * sorted.length);
  let sum = 0;
  for (let k = cut; k < sorted.length - cut; k++) sum += sorted[k]!;
  return sum / (sorted.length - 2 * cut);
}

/** Weiszfeld's algorithm, smoothed: the mean, weighted by the inverse distance from the mean of the step before. */
async function geometricMedian(
  means: readonly Float32Array[],
  length: number,
  yieldTurn: () => Promise<void>,
): Promise<Float32Array> {
  // From the middle of every coordinate, where no spoilt group has pulled it away already.
  let point = await byCoordinate(means, length, middle, yieldTurn);
  for (let step = 0; step < MOST_STEPS; step++) {
    const distances = await distancesFrom(point, means, yieldTurn);
    const least = SMOOTHING * middle(Float64Array.from(distances).sort());
    // The point is on every mean there is, or on most of them.
    if (least === 0) return point;
    const next = await weightedMean(
      means,
      distances.map((distance) => 1 / Math.max(least, distance)),
      length,
      yieldTurn,
    );
    const [moved] = await distancesFrom(point, [next], yieldTurn);
    const [size] = await distancesFrom(new Float32Array(length), [next], yieldTurn);
    point = next;
    if (moved! <= STEP_TOLERANCE * size!) break;
  }
  return point;
}

async function distancesFrom(
  point: Float32Array,
  means: readonly Float32Array[],
  yieldTurn: () => Promise<void>,
): Promise<readonly number[]> {
  const distances: number[] = [];
  for (const mean of means) {
    distances.push(Math.sqrt(squaredDistance(point, mean)));
    await yieldTurn();
  }
  return distances;
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return sum;
}

async function weightedMean(
  means: readonly Float32Array[],
  weights: readonly number[],
  length: number,
  yieldTurn: () => Promise<void>,
): Promise<Float32Array> {
  const sum = new Float64Array(length);
  const total = weights.reduce((all, weight) => all + weight, 0);
  for (const [k, mean] of means.entries()) {
    addScaled(sum, mean, weights[k]! / total);
    await yieldTurn();
  }
  return Float32Array.from(sum);
}

function addScaled(target: Float64Array, source: Float32Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i]! += source[i]! * factor;
}
