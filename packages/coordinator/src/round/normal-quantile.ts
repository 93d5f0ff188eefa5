/**
 * Quantile of the standard normal distribution: the z with P(Z <= z) = probability, for probability in (0, 1).
 * Acklam's rational approximation (relative error below 1.15e-9), far finer than any gate needs.
 */
export function normalQuantile(probability: number): number {
  if (!(probability > 0 && probability < 1)) throw new RangeError(`probability ${probability} is not in (0, 1)`);
  const tail = 0.02425;
  if (probability < tail) return lowerTail(Math.sqrt(-2 * Math.log(probability)));
  if (probability > 1 - tail) return -lowerTail(Math.sqrt(-2 * Math.log1p(-probability)));
  const q = probability - 0.5;
  const r = q * q;
  return (horner(CENTRE_NUMERATOR, r) * q) / (horner(CENTRE_DENOMINATOR, r) * r + 1);
}

const CENTRE_NUMERATOR = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
  2.506628277459239,
];
const CENTRE_DENOMINATOR = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1,
];
const TAIL_NUMERATOR = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const TAIL_DENOMINATOR = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416];

function lowerTail(q: number): number {
  return horner(TAIL_NUMERATOR, q) / (horner(TAIL_DENOMINATOR, q) * q + 1);
}

function horner(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}
