import { combineMeans, middle } from './combination.ts';

/** How one group's mean stands to those of the others. */
export interface GroupInspection {
  /** L2. */
  readonly norm: number;
  /** Between the group's mean and the median of all, -1 .. 1; null where there are less than three groups, or no direction. */
  readonly cosine: number | null;
  /** Why the group must not count; null if it may. */
  readonly fault: string | null;
  /** Whether its sites look worse for it: at fault, or further from the common direction than groups of a kind are. */
  readonly outlying: boolean;
}

/** Below it there is no majority to compare with. */
const FEWEST_GROUPS = 3;

/** Groups of a size, whose sites all clip to the same norm, do not differ by this factor. */
const NORM_FACTOR = 4;

/**
 * Two random directions of d dimensions have a cosine of 0 with a standard deviation of 1/sqrt(d): so many of them below zero a
 * group works against the others, and is not just noise.
 */
const CONTRARY = 4;

/** Standard deviations below the common cosine, estimated by the median absolute deviation (Rousseeuw and Croux 1993). */
const OUTLYING = 3;
const NORMAL_CONSISTENCY = 1.4826;
/** Cosines that differ by less do not differ. */
const LEAST_DEVIATION = 0.02;

/**
 * Looks at the means of a round's groups beside each other. A group that is not finite, far larger than the others, or points
 * against their median is at fault and must not enter the result, whatever combines it. Of one or two groups only whether
 * they are finite can be told.
 *
 * @param means of one length; not changed
 */
export async function inspectGroups(
  means: readonly Float32Array[],
  yieldTurn: () => Promise<void>,
): Promise<readonly GroupInspection[]> {
  const norms = means.map(normOf);
  await yieldTurn();
  const sound = means.filter((_, k) => Number.isFinite(norms[k]));
  if (sound.length < FEWEST_GROUPS) return norms.map((norm) => alone(norm));

  const median = await combineMeans(sound, 'median', yieldTurn);
  const medianNorm = normOf(median);
  const cosines: (number | null)[] = [];
  for (const [k, mean] of means.entries()) {
    const both = norms[k]! * medianNorm;
    cosines.push(Number.isFinite(both) && both > 0 ? product(mean, median) / both : null);
    await yieldTurn();
  }
  const usualNorm = middle(Float64Array.from(norms.filter(Number.isFinite)).sort());
  const lowest = lowestUsual(cosines.filter((cosine) => cosine !== null));
  return norms.map((norm, k) => {
    const cosine = cosines[k]!;
    const fault = faultOf(norm, cosine, { usualNorm, length: median.length });
    return { norm, cosine, fault, outlying: fault !== null || (cosine !== null && cosine < lowest) };
  });
}

function alone(norm: number): GroupInspection {
  const fault = Number.isFinite(norm) ? null : NOT_FINITE;
  return { norm, cosine: null, fault, outlying: fault !== null };
}

const NOT_FINITE = 'its sum holds values that are not finite';

function faultOf(
  norm: number,
  cosine: number | null,
  o: { readonly usualNorm: number; readonly length: number },
): string | null {
  if (!Number.isFinite(norm)) return NOT_FINITE;
  if (norm > NORM_FACTOR * o.usualNorm && o.usualNorm > 0) {
    return `its norm of ${norm.toPrecision(3)} is more than ${NORM_FACTOR} times the ${o.usualNorm.toPrecision(3)} of the others`;
  }
  if (cosine !== null && cosine < -CONTRARY / Math.sqrt(o.length)) {
    return `it points against the other groups (cosine ${cosine.toFixed(3)} with their median)`;
  }
  return null;
}

function lowestUsual(cosines: readonly number[]): number {
  if (cosines.length < FEWEST_GROUPS) return -Infinity;
  const centre = middle(Float64Array.from(cosines).sort());
  const deviation = middle(Float64Array.from(cosines, (cosine) => Math.abs(cosine - centre)).sort());
  return centre - OUTLYING * Math.max(LEAST_DEVIATION, NORMAL_CONSISTENCY * deviation);
}

function normOf(vector: Float32Array): number {
  return Math.sqrt(product(vector, vector));
}

function product(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
