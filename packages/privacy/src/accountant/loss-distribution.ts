import { PrivacyError } from '../errors.ts';
import { assertDelta, assertSteps, type GaussianSteps } from './accountant.ts';
import { fourierTransform } from './fourier.ts';
import { hockeyStick, lossAt, type Direction } from './hockey-stick.ts';

/** What a history of steps can cost, tight but for the grid; never less than the truth. */
export interface LossDistribution {
  /** Least epsilon for this delta, 0 < delta < 1; infinite when no epsilon is enough. @throws PrivacyError `out-of-range` */
  epsilon(delta: number): number;
  /** Probability with which epsilon >= 0 may be exceeded. */
  delta(epsilon: number): number;
}

/** Finest grid of losses, in epsilon. */
const INTERVAL = 5e-4;
/** Grid points taken together where only bounds are needed. */
const BLOCK = 16;
/** Grid points of one step; a mechanism with larger losses gets a coarser grid. */
const MOST_POINTS = 2 ** 20;
/** Standard deviations beyond which a normal variable is counted as an infinite loss: 1e-23. */
const TAIL = 10;
/** Probability given up at each end of a composition; it is added to delta. */
const CUT = 1e-15;

/**
 * The privacy loss distribution of steps of the Poisson-subsampled Gaussian mechanism. Each step is put on a grid so that its
 * delta is exact at the grid points and too large between them (connect the dots, Doroshenko et al. 2022); steps
 * add up by convolution, done as powers of a Fourier transform (Koskela, Jaelkoe and Honkela 2020). Tighter than
 * `privacyLoss`, and slower: tenths of a second. Rounding in double precision leaves about 1e-11 of delta uncertain; ask for
 * nothing below 1e-9.
 *
 * @throws PrivacyError `out-of-range`
 */
export function lossDistribution(history: readonly GaussianSteps[]): LossDistribution {
  for (const steps of history) assertSteps(steps);
  const counted = history.filter(({ samplingRate, steps }) => samplingRate > 0 && steps > 0);
  const interval = Math.max(INTERVAL, ...counted.map((steps) => (2 * largestLoss(steps)) / MOST_POINTS));
  const sides = (['remove', 'add'] as const).map((direction) => composed(counted, direction, interval));
  return {
    epsilon(delta) {
      assertDelta(delta);
      return Math.max(0, ...sides.map((side) => epsilonAt(side, delta)));
    },
    delta(epsilon) {
      if (!(epsilon >= 0)) throw new PrivacyError('out-of-range', `Epsilon is 0 or above, not ${epsilon}.`);
      return Math.min(1, Math.max(...sides.map((side) => deltaAt(side, epsilon))));
    },
  };
}

/** Probabilities of the losses (first + k) * interval; what is missing to 1 is `infinite`. */
interface Grid {
  readonly interval: number;
  readonly first: number;
  readonly masses: Float64Array;
  readonly infinite: number;
}

interface Blocks {
  readonly interval: number;
  readonly first: number;
  /** Probabilities of BLOCK losses each. */
  readonly blocks: Float64Array;
}

function largestLoss(steps: GaussianSteps): number {
  return Math.max(lossAt(steps, 1 + TAIL * steps.noiseMultiplier), -lossAt(steps, -TAIL * steps.noiseMultiplier));
}

/**
 * Between grid points delta is made linear in e^epsilon. Its slope there is the probability of larger losses, each divided
 * by e^loss, so the masses follow from differences of slopes.
 */
function oneStep(steps: GaussianSteps, direction: Direction, interval: number): Grid {
  const [low, high] = [lossAt(steps, -TAIL * steps.noiseMultiplier), lossAt(steps, 1 + TAIL * steps.noiseMultiplier)];
  const [least, most] = direction === 'remove' ? [low, high] : [-high, -low];
  const first = Math.floor(least / interval);
  const points = Math.ceil(most / interval) - first + 1;
  const deltas = Float64Array.from({ length: points }, (_, k) => hockeyStick(steps, direction, (first + k) * interval));
  const infinite = deltas[points - 1] as number;
  const masses = new Float64Array(points);
  const [down, up] = [-Math.expm1(-interval), Math.expm1(interval)];
  let sum = infinite;
  for (let k = points - 1; k > 0; k--) {
    const before = (deltas[k - 1] as number) - (deltas[k] as number);
    const after = k === points - 1 ? 0 : (deltas[k] as number) - (deltas[k + 1] as number);
    const mass = Math.max(0, before / down - after / up);
    masses[k] = mass;
    sum += mass;
  }
  // Whatever loss is smaller counts as the smallest on the grid.
  masses[0] = Math.max(0, 1 - sum);
  return { interval, first, masses, infinite };
}

function composed(history: readonly GaussianSteps[], direction: Direction, interval: number): Grid {
  if (history.length === 0) return { interval, first: 0, masses: Float64Array.of(1), infinite: 0 };
  const parts = history.map((steps) => ({ grid: oneStep(steps, direction, interval), steps: steps.steps }));
  const [low, high] = window(parts, interval);
  const length = 2 ** Math.ceil(Math.log2(high - low + 1));
  const product = { real: new Float64Array(length).fill(1), imaginary: new Float64Array(length) };
  for (const { grid, steps } of parts) multiplyByPower(product, spectrum(grid, length), steps);
  // The inverse transform, by exchanging the parts.
  fourierTransform({ real: product.imaginary, imaginary: product.real });
  const masses = Float64Array.from({ length }, (_, k) =>
    Math.max(0, (product.real[wrapped(low + k, length)] as number) / length),
  );
  const finite = parts.reduce((share, { grid, steps }) => share * (1 - grid.infinite) ** steps, 1);
  return { interval, first: low, masses, infinite: 1 - finite + 2 * CUT };
}

function spectrum({ first, masses }: Grid, length: number): { real: Float64Array; imaginary: Float64Array } {
  const real = new Float64Array(length);
  const imaginary = new Float64Array(length);
  masses.forEach((mass, k) => {
    const place = wrapped(first + k, length);
    real[place] = (real[place] as number) + mass;
  });
  fourierTransform({ real, imaginary });
  return { real, imaginary };
}

function multiplyByPower(
  product: { real: Float64Array; imaginary: Float64Array },
  factor: { real: Float64Array; imaginary: Float64Array },
  power: number,
): void {
  for (let k = 0; k < product.real.length; k++) {
    const [x, y] = [factor.real[k] as number, factor.imaginary[k] as number];
    const size = Math.hypot(x, y) ** power;
    const angle = Math.atan2(y, x) * power;
    const [u, v] = [product.real[k] as number, product.imaginary[k] as number];
    const [c, s] = [size * Math.cos(angle), size * Math.sin(angle)];
    product.real[k] = u * c - v * s;
    product.imaginary[k] = u * s + v * c;
  }
}

/** Indices outside of which the sum of losses lies with probability at most CUT at each end (Chernoff bounds). */
function window(parts: readonly { grid: Grid; steps: number }[], interval: number): [number, number] {
  let [low, high] = [0, 0];
  for (const { grid, steps } of parts) {
    low += grid.first * steps;
    high += (grid.first + grid.masses.length - 1) * steps;
  }
  const budget = -Math.log(CUT);
  const moments = parts.map(({ grid, steps }) => ({ blocks: inBlocks(grid), steps }));
  for (let exponent = -8; exponent <= 8; exponent += 0.5) {
    const t = 2 ** exponent;
    const cumulant = (sign: number): number =>
      moments.reduce((sum, { blocks, steps }) => sum + steps * logMoment(blocks, sign * t), 0);
    high = Math.min(high, Math.ceil((cumulant(1) + budget) / t / interval));
    low = Math.max(low, Math.floor(-(cumulant(-1) + budget) / t / interval));
  }
  return [Math.min(low, high), high];
}

/** An upper bound of log E[e^(t loss)] over the finite losses: every block counts with its larger power. */
function logMoment({ first, blocks, interval }: Blocks, t: number): number {
  const exponentOf = (block: number): number => t * (first + block * BLOCK + (t > 0 ? BLOCK - 1 : 0)) * interval;
  let largest = Number.NEGATIVE_INFINITY;
  blocks.forEach((mass, block) => {
    if (mass > 0) largest = Math.max(largest, exponentOf(block));
  });
  const sum = blocks.reduce((total, mass, block) => total + mass * Math.exp(exponentOf(block) - largest), 0);
  return largest + Math.log(sum);
}

function inBlocks({ first, masses, interval }: Grid): Blocks {
  const blocks = new Float64Array(Math.ceil(masses.length / BLOCK));
  masses.forEach((mass, k) => {
    const block = Math.floor(k / BLOCK);
    blocks[block] = (blocks[block] as number) + mass;
  });
  return { first, blocks, interval };
}

function wrapped(index: number, length: number): number {
  return ((index % length) + length) % length;
}

function deltaAt({ interval, first, masses, infinite }: Grid, epsilon: number): number {
  let delta = infinite;
  for (let k = masses.length - 1; k >= 0; k--) {
    const loss = (first + k) * interval;
    if (loss <= epsilon) break;
    delta += (masses[k] as number) * -Math.expm1(epsilon - loss);
  }
  return delta;
}

/** From the largest loss down: between two grid points delta = above - e^epsilon * scaled, which is solved for epsilon. */
function epsilonAt({ interval, first, masses, infinite }: Grid, delta: number): number {
  if (infinite > delta) return Number.POSITIVE_INFINITY;
  let above = infinite;
  // In units of e^-loss at the current point, which keeps it in range.
  let scaled = 0;
  for (let k = masses.length - 1; k >= 0; k--) {
    const loss = (first + k) * interval;
    if (above - scaled > delta) return loss + Math.log((above - delta) / scaled);
    above += masses[k] as number;
    scaled = (scaled + (masses[k] as number)) * Math.exp(-interval);
  }
  return Number.NEGATIVE_INFINITY;
}
