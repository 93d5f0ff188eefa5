import { divide, multiply } from './galois-field.ts';

/**
 * The values at zero of the polynomials of smallest degree through these points, one for each byte (Lagrange). The weights
 * are the same for all bytes and worked out once, which is most of the work: of 67 points less than a tenth of a millisecond.
 *
 * @param points as many bytes each, the values at the point, and its coordinate last: 1 .. 255, none twice
 */
export function interpolateAtZero(points: readonly Uint8Array[]): Uint8Array {
  const values = points[0]!.length - 1;
  const coordinates = points.map((point) => point[values]!);
  const atZero = new Uint8Array(values);
  points.forEach((point, i) => {
    const weight = weightAtZero(coordinates, i);
    for (let byte = 0; byte < values; byte++) atZero[byte]! ^= multiply(point[byte]!, weight);
  });
  return atZero;
}

/** The product of x_j / (x_j - x_i) over all j other than i. */
function weightAtZero(coordinates: readonly number[], i: number): number {
  let weight = 1;
  for (let j = 0; j < coordinates.length; j++) {
    if (j !== i) weight = multiply(weight, divide(coordinates[j]!, coordinates[j]! ^ coordinates[i]!));
  }
  return weight;
}
