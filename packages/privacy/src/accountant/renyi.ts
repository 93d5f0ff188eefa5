import { logAdd, logErfc, logSubtract } from './logarithms.ts';

/**
 * The fractional series ends at terms below e^-30 = 1e-13 of its sum. Its terms only fall like i^-(order + 2), so for the
 * smallest orders that is thousands of terms; ten times as many would buy one more digit of some fifteen.
 */
const NEGLIGIBLE = -30;

/**
 * Renyi divergence of order `order` between the outputs of the Poisson-subsampled Gaussian mechanism on two data sets that
 * differ by one customer added or removed (sensitivity 1): what one step costs.
 *
 * Mironov, Talwar and Zhang, "Renyi differential privacy of the sampled Gaussian mechanism" (2019): with A the moment
 * E[(mixture / Gaussian)^order], the divergence is ln A / (order - 1). The fractional series is summed with the signs of
 * its binomial coefficients, as in the paper; implementations that take absolute values give slightly larger bounds.
 *
 * @param noiseMultiplier standard deviation of the noise / sensitivity, > 0
 * @param samplingRate probability with which each customer enters a step, 0..1
 * @param order > 1
 */
export function renyiDivergence(noiseMultiplier: number, samplingRate: number, order: number): number {
  if (samplingRate === 0) return 0;
  // Without sampling the mechanism is the Gaussian one (Mironov 2017).
  if (samplingRate === 1) return order / (2 * noiseMultiplier ** 2);
  const logMoment = Number.isInteger(order)
    ? logMomentOfIntegerOrder(noiseMultiplier, samplingRate, order)
    : logMomentOfFractionalOrder(noiseMultiplier, samplingRate, order);
  // A moment is at least 1; rounding may leave its logarithm a little below 0.
  return Math.max(0, logMoment / (order - 1));
}

/** ln sum_k C(a, k) (1 - q)^(a-k) q^k e^((k^2 - k) / (2 s^2)), k = 0 .. a (the paper's sum for integer orders). */
function logMomentOfIntegerOrder(sigma: number, q: number, order: number): number {
  let logBinomial = 0;
  let total = Number.NEGATIVE_INFINITY;
  for (let k = 0; k <= order; k++) {
    if (k > 0) logBinomial += Math.log((order - k + 1) / k);
    const logProbability = logBinomial + k * Math.log(q) + (order - k) * Math.log1p(-q);
    total = logAdd(total, logProbability + (k * k - k) / (2 * sigma ** 2));
  }
  return total;
}

/**
 * The same moment for a fractional order: the integral is split at z0, where both densities of the mixture are equal, and
 * each half expanded into a binomial series that converges there (section 3.3).
 */
function logMomentOfFractionalOrder(sigma: number, q: number, order: number): number {
  const z0 = sigma ** 2 * Math.log(1 / q - 1) + 0.5;
  const [logQ, logRest] = [Math.log(q), Math.log1p(-q)];
  const logHalfErfc = (x: number): number => Math.log(0.5) + logErfc(x / (Math.SQRT2 * sigma));
  const gaussianMoment = (k: number): number => (k * k - k) / (2 * sigma ** 2);

  let left = Number.NEGATIVE_INFINITY;
  let right = Number.NEGATIVE_INFINITY;
  let binomial = 1;
  for (let i = 0; ; i++) {
    const j = order - i;
    const logBinomial = Math.log(Math.abs(binomial));
    const leftTerm = logBinomial + i * logQ + j * logRest + gaussianMoment(i) + logHalfErfc(i - z0);
    const rightTerm = logBinomial + j * logQ + i * logRest + gaussianMoment(j) + logHalfErfc(z0 - j);
    const combine = binomial > 0 ? logAdd : logSubtract;
    left = combine(left, leftTerm);
    right = combine(right, rightTerm);
    // Beyond the order the coefficients alternate in sign and shrink, so the rest is smaller than the last term.
    if (i > order && Math.max(leftTerm, rightTerm) < logAdd(left, right) + NEGLIGIBLE) return logAdd(left, right);
    binomial *= j / (i + 1);
  }
}
