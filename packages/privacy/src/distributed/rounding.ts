import { PrivacyError } from '../errors.ts';

/**
 * L2 norm, in quanta, that stochastic rounding can give a vector of at most `norm` quanta: norm + sqrt(d) at most, and,
 * where rounding is repeated until it holds (which it does at once with probability 1 - beta or more), at most
 *
 *   sqrt(norm^2 + d/4 + sqrt(2 ln(1/beta)) (norm + sqrt(d)/2))
 *
 * (Kairouz, Liu and Steinke 2021, theorem 1). Noise is to be measured against it, not against `norm`.
 *
 * @param repeatedWith beta, 0 < beta < 1; null where rounding is not repeated
 * @throws PrivacyError `out-of-range`
 */
export function roundedNorm(norm: number, dimension: number, repeatedWith: number | null): number {
  if (!(norm >= 0 && dimension >= 0 && (repeatedWith === null || (repeatedWith > 0 && repeatedWith < 1)))) {
    throw new PrivacyError('out-of-range', `Norm ${norm}, dimension ${dimension}, beta ${repeatedWith}.`);
  }
  const always = norm + Math.sqrt(dimension);
  if (repeatedWith === null) return always;
  const deviation = Math.sqrt(-2 * Math.log(repeatedWith));
  return Math.min(always, Math.sqrt(norm ** 2 + dimension / 4 + deviation * (norm + Math.sqrt(dimension) / 2)));
}
