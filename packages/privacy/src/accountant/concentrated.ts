import { PrivacyError } from '../errors.ts';
import { assertDelta } from './accountant.ts';

/**
 * rho of zero-concentrated privacy: the Renyi divergence of every order a > 1 is at most rho * a. Of Gaussian noise and of
 * exact discrete Gaussian noise alike sensitivity^2 / (2 sigma^2) (Bun and Steinke 2016; Canonne, Kamath and
 * Steinke 2020). Adds up over releases.
 *
 * @param standardDeviation > 0, in the units of `sensitivity`
 * @throws PrivacyError `out-of-range`
 */
export function concentratedLoss(sensitivity: number, standardDeviation: number): number {
  if (!(sensitivity >= 0 && standardDeviation > 0)) {
    throw new PrivacyError(
      'out-of-range',
      `A sensitivity is 0 or above and a standard deviation above 0, not ${sensitivity} and ${standardDeviation}.`,
    );
  }
  return (sensitivity / standardDeviation) ** 2 / 2;
}

/**
 * epsilon = rho + 2 sqrt(rho ln(1 / delta)) (Bun and Steinke 2016). In closed form and valid; for a tighter
 * bound give the divergences rho * a to `epsilonFromRenyi`.
 *
 * @param rho 0 or above
 * @throws PrivacyError `out-of-range`
 */
export function epsilonFromConcentrated(rho: number, delta: number): number {
  assertDelta(delta);
  if (!(rho >= 0)) throw new PrivacyError('out-of-range', `Rho is 0 or above, not ${rho}.`);
  return rho + 2 * Math.sqrt(rho * -Math.log(delta));
}
