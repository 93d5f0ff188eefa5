import { PrivacyError } from '../errors.ts';

/** Noise that several sites add together, all lengths in quanta: steps of the integer grid that values are rounded to. */
export interface SharedNoise {
  /** Standard deviation of one site's discrete Gaussian, > 0. */
  readonly standardDeviation: number;
  /** Sites whose noise is in the sum and unknown to whom the privacy is meant against, 1, 2, 3, ... */
  readonly sites: number;
  /** Elements of the vector. */
  readonly dimension: number;
}

/**
 * Renyi divergence of a sum of discrete Gaussians, which is no discrete Gaussian, but close to one:
 *
 *   min( a/2 D^2 / (n s^2) + tau d,  a/2 (D / (sqrt(n) s) + sqrt(d) tau)^2 ),
 *   tau = 10 sum over k = 1 .. n-1 of e^(-2 pi^2 s^2 k / (k + 1))
 *
 * (Kairouz, Liu and Steinke 2021, "The distributed discrete Gaussian mechanism").
 *
 * @param sensitivity D, L2 norm of the most that one customer changes the sum of the rounded values by, in quanta
 * @param order a > 1
 * @throws PrivacyError `out-of-range`
 */
export function sharedNoiseDivergence(noise: SharedNoise, sensitivity: number, order: number): number {
  assertSites(noise.sites);
  const { standardDeviation: s, sites, dimension } = noise;
  if (!(s > 0 && sensitivity >= 0 && dimension >= 0 && order > 1)) {
    throw new PrivacyError('out-of-range', `Noise of ${s} quanta, sensitivity ${sensitivity}, order ${order}.`);
  }
  const gap = gapToOneGaussian(s, sites);
  const ratio = sensitivity / (Math.sqrt(sites) * s);
  return Math.min((order / 2) * ratio ** 2 + gap * dimension, (order / 2) * (ratio + Math.sqrt(dimension) * gap) ** 2);
}

/**
 * Standard deviation that each site adds so that the noise of any `honestSurvivors` sites alone has `standardDeviation`: what
 * lost or colluding sites would have added is then not missing. Whoever survives beyond them makes the sum noisier.
 *
 * @throws PrivacyError `out-of-range`
 */
export function noiseShare(standardDeviation: number, honestSurvivors: number): number {
  assertSites(honestSurvivors);
  if (!(standardDeviation > 0)) {
    throw new PrivacyError('out-of-range', `A standard deviation is above 0, not ${standardDeviation}.`);
  }
  return standardDeviation / Math.sqrt(honestSurvivors);
}

/** tau. */
function gapToOneGaussian(standardDeviation: number, sites: number): number {
  const exponent = -2 * (Math.PI * standardDeviation) ** 2;
  let sum = 0;
  for (let k = 1; k < sites; k++) sum += Math.exp((exponent * k) / (k + 1));
  return 10 * sum;
}

function assertSites(sites: number): void {
  if (!Number.isSafeInteger(sites) || sites < 1) {
    throw new PrivacyError('out-of-range', `Noise is shared by 1, 2, 3, ... sites, not ${sites}.`);
  }
}
