import { PrivacyError } from '../errors.ts';
import { DEFAULT_ORDERS, privacyLoss } from './accountant.ts';

/** Beyond it the noise drowns anything. */
const LARGEST_MULTIPLIER = 2 ** 20;

/** Relative width at which the search stops. */
const TOLERANCE = 1e-6;

/**
 * The least noise multiplier, to one part in a million and never below, with which `steps` steps stay within (epsilon,
 * delta).
 *
 * @param epsilon > 0
 * @throws PrivacyError `out-of-range`, `unreachable`
 */
export function noiseMultiplierFor(target: {
  readonly epsilon: number;
  readonly delta: number;
  readonly samplingRate: number;
  readonly steps: number;
  /** Renyi orders that are tried; default those of `privacyLoss`. */
  readonly orders?: readonly number[];
}): number {
  const { epsilon, delta, samplingRate, steps, orders = DEFAULT_ORDERS } = target;
  if (!(epsilon > 0)) throw new PrivacyError('out-of-range', `Epsilon is above 0, not ${epsilon}.`);
  const suffices = (noiseMultiplier: number): boolean =>
    privacyLoss([{ noiseMultiplier, samplingRate, steps }], delta, orders).epsilon <= epsilon;

  // Epsilon falls as the noise grows: double until it is enough, then halve the interval.
  let enough = 1;
  while (!suffices(enough)) {
    enough *= 2;
    if (enough > LARGEST_MULTIPLIER) {
      throw new PrivacyError(
        'unreachable',
        `No noise multiplier up to ${LARGEST_MULTIPLIER} gives epsilon ${epsilon}.`,
      );
    }
  }
  let tooLittle = enough / 2;
  while (tooLittle > TOLERANCE && suffices(tooLittle)) {
    enough = tooLittle;
    tooLittle /= 2;
  }
  while (enough - tooLittle > TOLERANCE * enough) {
    const middle = (enough + tooLittle) / 2;
    if (suffices(middle)) enough = middle;
    else tooLittle = middle;
  }
  return enough;
}
