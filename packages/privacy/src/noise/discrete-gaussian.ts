import { PrivacyError } from '../errors.ts';
import { RandomIntegers, type RandomSource } from './random-integers.ts';

/** numerator / denominator, denominator > 0. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/**
 * Samples the discrete Gaussian on the integers, P(x) proportional to e^(-x^2 / (2 sigma^2)), exactly: only integers are
 * computed with and only comparisons are random (Canonne, Kamath and Steinke, "The discrete Gaussian for differential
 * privacy", NeurIPS 2020, algorithms 1 to 3). Noise made by transforming floating-point uniforms has holes in its
 * low-order bits through which the value it should hide can be read (Mironov 2012), so none of it is ever released.
 *
 * A sample takes some tens of random bytes and 4 to 10 microseconds, whatever sigma is: noise for a million coordinates is
 * seconds of work for a worker thread. The time depends on what is drawn, so nobody outside may measure a single one.
 */
export class DiscreteGaussian {
  readonly #variance: Rational;
  readonly #scale: bigint;
  readonly #integers: RandomIntegers;

  /**
   * @param variance sigma^2 > 0, in squared quanta
   * @throws PrivacyError `out-of-range`
   */
  constructor(variance: Rational, random: RandomSource) {
    if (variance.numerator <= 0n || variance.denominator <= 0n) {
      throw new PrivacyError(
        'out-of-range',
        `The variance is a positive fraction, not ${variance.numerator}/${variance.denominator}.`,
      );
    }
    this.#variance = variance;
    this.#scale = squareRoot(variance.numerator / variance.denominator) + 1n;
    this.#integers = new RandomIntegers(random);
  }

  /** Algorithm 3: a discrete Laplace variable of scale t = floor(sigma) + 1, accepted so that the Gaussian remains. */
  sample(): bigint {
    const { numerator: a, denominator: b } = this.#variance;
    const t = this.#scale;
    for (;;) {
      const y = this.#discreteLaplace();
      // (|y| - sigma^2 / t)^2 / (2 sigma^2) with sigma^2 = a / b, over one denominator.
      const difference = (y < 0n ? -y : y) * b * t - a;
      if (this.#bernoulliExp(difference * difference, 2n * a * b * t * t)) return y;
    }
  }

  /** Algorithm 2 with s = 1: P(x) proportional to e^(-|x| / t). */
  #discreteLaplace(): bigint {
    const t = this.#scale;
    for (;;) {
      const remainder = this.#integers.below(t);
      if (!this.#bernoulliExp(remainder, t)) continue;
      let quotient = 0n;
      while (this.#bernoulliExp(1n, 1n)) quotient += 1n;
      const magnitude = remainder + t * quotient;
      const negative = this.#integers.bit();
      // Zero has no sign: taken with both it would come up twice too often.
      if (negative && magnitude === 0n) continue;
      return negative ? -magnitude : magnitude;
    }
  }

  /** Algorithm 1: true with probability e^-(numerator / denominator), numerator >= 0. */
  #bernoulliExp(numerator: bigint, denominator: bigint): boolean {
    for (let whole = numerator / denominator; whole > 0n; whole--) {
      if (!this.#bernoulliExpOfFraction(1n, 1n)) return false;
    }
    return this.#bernoulliExpOfFraction(numerator % denominator, denominator);
  }

  /** For a fraction g of at most 1: the first k at which a Bernoulli(g / k) fails is odd with probability e^-g. */
  #bernoulliExpOfFraction(numerator: bigint, denominator: bigint): boolean {
    let k = 1n;
    while (this.#integers.below(denominator * k) < numerator) k += 1n;
    return (k & 1n) === 1n;
  }
}

/** The fraction that a finite double is, exactly. @throws PrivacyError `out-of-range` */
export function exactRational(value: number): Rational {
  if (!Number.isFinite(value)) throw new PrivacyError('out-of-range', `${value} is not a fraction.`);
  let denominator = 1n;
  let scaled = value;
  // Doubling is exact; at most 1074 times until nothing is left behind the point.
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    denominator *= 2n;
  }
  return { numerator: BigInt(scaled), denominator };
}

/** floor(sqrt(value)) by Newton's method, value >= 0. */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
