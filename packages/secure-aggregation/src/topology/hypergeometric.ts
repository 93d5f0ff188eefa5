/** `draws` of `population` sites without putting back; `marked` of all have a property (are corrupt, survive). */
export interface Draw {
  readonly population: number;
  readonly marked: number;
  readonly draws: number;
}

/** Terms below this share of the first cannot change a sum of doubles. */
const NEGLIGIBLE = 2 ** -60;

/** log2 P[X >= k], X the number of marked sites among those drawn (the hypergeometric distribution); -Infinity for never. */
export function log2AtLeast(draw: Draw, k: number): number {
  const [least, most] = support(draw);
  if (k <= least) return 0;
  if (k > most) return -Infinity;
  // Away from the mode the terms fall, so that a sum is a few of them; towards it the other side's sum is the small one.
  return k > mode(draw) ? log2Falling(draw, k) : log2OneMinus(log2Falling(...mirrored(draw, k - 1)));
}

/** log2 P[X <= k]. */
export function log2AtMost(draw: Draw, k: number): number {
  return log2AtLeast(...mirrored(draw, k));
}

/** At most k marked sites are at least draws - k others. */
function mirrored({ population, marked, draws }: Draw, k: number): readonly [Draw, number] {
  return [{ population, marked: population - marked, draws }, draws - k];
}

/** The sum of the terms from k on. */
function log2Falling(draw: Draw, k: number): number {
  const { population, marked, draws } = draw;
  const [, most] = support(draw);
  let [sum, term] = [1, 1];
  for (let j = k; j < most && term > NEGLIGIBLE * sum; j++) {
    term *= ((marked - j) * (draws - j)) / ((j + 1) * (population - marked - draws + j + 1));
    sum += term;
  }
  return log2Of(draw, k) + Math.log2(sum);
}

function support({ population, marked, draws }: Draw): readonly [number, number] {
  return [Math.max(0, draws + marked - population), Math.min(draws, marked)];
}

function mode({ population, marked, draws }: Draw): number {
  return Math.floor(((draws + 1) * (marked + 1)) / (population + 2));
}

/** log2 of the probability of exactly k. */
function log2Of({ population, marked, draws }: Draw, k: number): number {
  return (logChoose(marked, k) + logChoose(population - marked, draws - k) - logChoose(population, draws)) * Math.LOG2E;
}

/** ln of the binomial coefficient. */
export function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

/** Below it the factorial itself is a double. */
const SMALL = 20;

/** ln n!, by Stirling's series (Abramowitz and Stegun 6.1.41): from 20 on exact to the last bits of a double. */
export function logFactorial(n: number): number {
  if (n < SMALL) {
    let product = 1;
    for (let i = 2; i <= n; i++) product *= i;
    return Math.log(product);
  }
  const x = n + 1;
  const series = 1 / (12 * x) - 1 / (360 * x ** 3) + 1 / (1260 * x ** 5);
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series;
}

/** log2(1 - 2^x) for x <= 0. */
export function log2OneMinus(x: number): number {
  return Math.log1p(-(2 ** x)) * Math.LOG2E;
}
