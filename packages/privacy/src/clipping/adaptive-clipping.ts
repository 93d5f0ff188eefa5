import { PrivacyError } from '../errors.ts';

/** How a clip norm follows the norms it clips (Andrew et al. 2021, "Differentially private learning with adaptive clipping"). */
export interface AdaptiveClipping {
  /** Share of the contributions that shall not be shortened, 0 < quantile < 1; the paper uses 0.5. */
  readonly quantile: number;
  /** eta, > 0: how far one step moves the norm; the paper uses 0.2. */
  readonly learningRate: number;
}

/**
 * The clip norm of the next step, C e^(-eta (b - quantile)) with b the share of contributions that were not
 * shortened. Noise may have carried the count below 0 or above the number of contributions; it is used as it is, because
 * cutting it off would bias the norm.
 *
 * @param clipNorm C, > 0
 * @param unclipped noised count of the contributions that were not shortened
 * @param contributions expected number, > 0: the same constant that the sum is divided by
 * @throws PrivacyError `out-of-range`
 */
export function nextClipNorm(
  clipNorm: number,
  unclipped: number,
  contributions: number,
  { quantile, learningRate }: AdaptiveClipping,
): number {
  if (!(clipNorm > 0 && contributions > 0 && learningRate > 0 && quantile > 0 && quantile < 1)) {
    throw new PrivacyError(
      'out-of-range',
      `Clip norm ${clipNorm}, ${contributions} contributions, quantile ${quantile}, learning rate ${learningRate}.`,
    );
  }
  if (!Number.isFinite(unclipped)) throw new PrivacyError('out-of-range', `${unclipped} is not a count.`);
  return clipNorm * Math.exp(-learningRate * (unclipped / contributions - quantile));
}

/**
 * The noise multiplier left for the sum when the count is released as well, with noise of `countNoise`, and both together shall
 * cost what `noiseMultiplier` alone costs: (z^-2 - (2 sigma_b)^-2)^(-1/2) (Andrew et al. 2021). The count is taken
 * as b - 1/2 a contribution, so that one more or less moves it by 1/2.
 *
 * @param noiseMultiplier z, > 0
 * @param countNoise sigma_b, standard deviation in contributions, > z / 2; the paper uses a twentieth of the contributions
 * @throws PrivacyError `out-of-range`, `unreachable`
 */
export function noiseMultiplierBesideCount(noiseMultiplier: number, countNoise: number): number {
  if (!(noiseMultiplier > 0 && countNoise > 0)) {
    throw new PrivacyError('out-of-range', `Noise is above 0, not ${noiseMultiplier} and ${countNoise}.`);
  }
  const left = noiseMultiplier ** -2 - (2 * countNoise) ** -2;
  if (left > 0) return left ** -0.5;
  throw new PrivacyError(
    'unreachable',
    `A count with noise ${countNoise} costs as much as the whole step may. Give it more than ${noiseMultiplier / 2}.`,
  );
}
