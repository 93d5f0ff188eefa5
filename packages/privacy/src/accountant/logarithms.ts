/*
 * The accountant works on logarithms: its terms span hundreds of orders of magnitude.
 */

/** log(e^a + e^b). */
export function logAdd(a: number, b: number): number {
  const [small, large] = a < b ? [a, b] : [b, a];
  return small === Number.NEGATIVE_INFINITY ? large : large + Math.log1p(Math.exp(small - large));
}

/** log(e^a - e^b) for a >= b. */
export function logSubtract(a: number, b: number): number {
  if (b === Number.NEGATIVE_INFINITY) return a;
  return a > b ? a + Math.log(-Math.expm1(b - a)) : Number.NEGATIVE_INFINITY;
}

/** log(erfc(x)), relative error about 1e-14, also far into the tail where erfc(x) itself underflows (x > 26). */
export function logErfc(x: number): number {
  // Below, erfc(x) = 1 - erf(x) loses nothing; above, the continued fraction converges quickly.
  if (x < 2) return Math.log1p(-erfBySeries(x));
  return -x * x + Math.log(scaledErfcByFraction(x));
}

/** erf(x) = 2 / sqrt(pi) e^(-x^2) sum_n 2^n x^(2n+1) / (1 * 3 * ... * (2n+1)) (Abramowitz and Stegun 7.1.6); -1 below -6. */
function erfBySeries(x: number): number {
  if (x < -6) return -1;
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Number.EPSILON * Math.abs(sum) * 0.01; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/**
 * e^(x^2) erfc(x) = 1 / sqrt(pi) * 1 / (x + (1/2) / (x + (2/2) / (x + (3/2) / ...))) for x >= 2 (Abramowitz and Stegun
 * 7.1.14). The error at depth n falls like e^(-2 x sqrt(2 n)), hence the depth at which a double no longer changes.
 */
function scaledErfcByFraction(x: number): number {
  let rest = x;
  for (let k = Math.ceil(170 / (x * x)) + 10; k >= 1; k--) rest = x + k / 2 / rest;
  return 1 / (Math.sqrt(Math.PI) * rest);
}
