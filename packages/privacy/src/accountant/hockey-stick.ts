import { logAdd, logErfc } from './logarithms.ts';

/** Which of two neighbouring data sets holds the one customer more. */
export type Direction = 'remove' | 'add';

interface Mechanism {
  readonly noiseMultiplier: number;
  readonly samplingRate: number;
}

/**
 * delta(epsilon) of one step of the Poisson-subsampled Gaussian mechanism: the hockey-stick divergence
 * max over sets S of P(S) - e^epsilon Q(S) between N(0, sigma^2) and (1 - q) N(0, sigma^2) + q N(1, sigma^2), with the mixture in
 * the place of P for `remove` and of Q for `add` (Zhu, Dong and Wang 2022). Epsilon may be negative.
 */
export function hockeyStick(
  { noiseMultiplier: s, samplingRate: q }: Mechanism,
  direction: Direction,
  epsilon: number,
): number {
  const signed = direction === 'remove' ? epsilon : -epsilon;
  // With q = 1 the subtraction would lose every digit of a small power.
  const odds = q === 1 ? Math.exp(signed) : Math.expm1(signed) + q;
  // The mixture's density is never below 1 - q times the other's.
  if (odds <= 0) return direction === 'remove' ? -Math.expm1(epsilon) : 0;
  const place = s * s * (Math.log(odds) - Math.log(q)) + 0.5;
  if (direction === 'remove') return Math.max(0, q * upperTail((place - 1) / s) - odds * upperTail(place / s));
  const factor = Math.exp(epsilon);
  return Math.max(0, odds * factor * upperTail(-place / s) - q * factor * upperTail((1 - place) / s));
}

/** The privacy loss log(mixture / N(0, sigma^2)) at x. */
export function lossAt({ noiseMultiplier: s, samplingRate: q }: Mechanism, x: number): number {
  return logAdd(Math.log1p(-q), Math.log(q) + (2 * x - 1) / (2 * s * s));
}

/** Probability of a standard normal above z. */
function upperTail(z: number): number {
  return 0.5 * Math.exp(logErfc(z / Math.SQRT2));
}
