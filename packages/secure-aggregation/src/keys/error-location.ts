import { divide, multiply } from './galois-field.ts';
import { SECRET_BYTES, SHARE_BYTES } from './secret-sharing.ts';

/**
 * Which of the shares do not belong to the polynomials of the others. Shares of one secret are a Reed-Solomon code word with
 * some symbols changed (McEliece and Sarwate, CACM 1981): of n shares, any (n - threshold) / 2 or fewer that are false are found.
 *
 * @param shares of one secret, 33 bytes each
 * @param threshold shares that reconstruct the secret
 * @returns their places, ascending; null where more are false than can be told from the good ones
 */
export function locateFalseShares(shares: readonly Uint8Array[], threshold: number): readonly number[] | null {
  const found = new Set(unusablePlaces(shares));
  // A liar may have changed any byte, and each of the 32 has a polynomial of its own.
  for (let byte = 0; byte < SECRET_BYTES; byte++) {
    const places = shares.map((_, place) => place).filter((place) => !found.has(place));
    if (places.length < threshold) return null;
    const x = places.map((place) => shares[place]![SHARE_BYTES - 1]!);
    const y = places.map((place) => shares[place]![byte]!);
    const wrong = wrongValues(x, y, threshold);
    if (wrong === null) return null;
    for (const index of wrong) found.add(places[index]!);
  }
  return Array.from(found).sort((a, b) => a - b);
}

/** Of the wrong length, at the secret's own place 0, or at a place that another share has too: one of the two is false. */
function unusablePlaces(shares: readonly Uint8Array[]): number[] {
  const uses = new Map<number, number>();
  for (const share of shares) uses.set(share.at(-1) ?? 0, (uses.get(share.at(-1) ?? 0) ?? 0) + 1);
  return shares.flatMap((share, place) => {
    const x = share.at(-1) ?? 0;
    return share.length === SHARE_BYTES && x !== 0 && uses.get(x) === 1 ? [] : [place];
  });
}

/**
 * The indices at which (x, y) do not lie on the one polynomial of degree below `threshold` that most of them lie on, if there is
 * one that all but (n - threshold) / 2 lie on.
 */
function wrongValues(x: readonly number[], y: readonly number[], threshold: number): readonly number[] | null {
  const syndromes = syndromesOf(x, y, threshold);
  if (syndromes.every((syndrome) => syndrome === 0)) return [];
  const locator = errorLocator(syndromes);
  const errors = locator.length - 1;
  if (2 * errors > syndromes.length) return null;
  const wrong = x.flatMap((place, index) => (valueAt(locator, divide(1, place)) === 0 ? [index] : []));
  return wrong.length === errors ? wrong : null;
}

/**
 * S_j = sum_i v_i y_i x_i^j, j = 0 .. n - threshold - 1, with v_i = 1 / product over k of (x_i - x_k): zero for every polynomial
 * of degree below `threshold`, so that only the errors are left in them.
 */
function syndromesOf(x: readonly number[], y: readonly number[], threshold: number): readonly number[] {
  let terms = x.map((own, i) => {
    const product = x.reduce((all, other) => (other === own ? all : multiply(all, own ^ other)), 1);
    return divide(y[i]!, product);
  });
  return Array.from({ length: x.length - threshold }, () => {
    const syndrome = terms.reduce((sum, term) => sum ^ term, 0);
    terms = terms.map((term, i) => multiply(term, x[i]!));
    return syndrome;
  });
}

/**
 * The product over the wrong places x of (1 - x z), coefficients ascending: the shortest linear recurrence of the syndromes
 * (Berlekamp's algorithm as by Massey, IEEE Transactions on Information Theory 1969).
 */
function errorLocator(syndromes: readonly number[]): readonly number[] {
  let locator = [1];
  let length = 0;
  let [before, discrepancyBefore, shift] = [[1], 1, 1];
  for (let n = 0; n < syndromes.length; n++, shift++) {
    let discrepancy = 0;
    for (let i = 0; i <= length; i++) discrepancy ^= multiply(locator[i] ?? 0, syndromes[n - i]!);
    if (discrepancy === 0) continue;
    const corrected = plusScaled(locator, before, divide(discrepancy, discrepancyBefore), shift);
    if (2 * length <= n) {
      [before, discrepancyBefore, shift] = [locator, discrepancy, 0];
      length = n + 1 - length;
    }
    locator = corrected;
  }
  return Array.from({ length: length + 1 }, (_, i) => locator[i] ?? 0);
}

/** a + factor z^shift b */
function plusScaled(a: readonly number[], b: readonly number[], factor: number, shift: number): number[] {
  const sum = Array.from({ length: Math.max(a.length, b.length + shift) }, (_, i) => a[i] ?? 0);
  b.forEach((coefficient, i) => (sum[i + shift]! ^= multiply(factor, coefficient)));
  return sum;
}

/** Horner's rule. */
function valueAt(coefficients: readonly number[], z: number): number {
  return coefficients.reduceRight((value, coefficient) => multiply(value, z) ^ coefficient, 0);
}
