import type { RandomStream } from '../random.ts';
import type { MatrixOperator } from './matrix.ts';

const OVERSAMPLING = 10;
const POWER_ITERATIONS = 2;

export interface RightSingular {
  /** Descending; `count` of them, at most the smaller side of the matrix. */
  readonly values: Float64Array;
  /** columns x count, row-major, orthonormal columns. */
  readonly vectors: Float64Array;
  readonly count: number;
}

/**
 * The leading right singular vectors by random projection with power iterations (Halko, Martinsson and Tropp 2011,
 * algorithms 4.4 and 5.1). The sign of each vector is fixed (its largest entry is positive), so that the same matrix
 * and seed give the same features everywhere.
 */
export function rightSingularVectors(a: MatrixOperator, wanted: number, random: RandomStream): RightSingular {
  const width = Math.min(wanted + OVERSAMPLING, a.rows, a.columns);
  let range: Float64Array = Float64Array.from({ length: a.columns * width }, () => random.normal());
  for (let iteration = 0; iteration <= POWER_ITERATIONS; iteration++) {
    const left = a.times(range, width);
    orthonormalise(left, a.rows, width);
    range = a.transposedTimes(left, width);
    if (iteration < POWER_ITERATIONS) orthonormalise(range, a.columns, width);
  }
  // range = A^T Q (columns x width) = V S W^T; the eigenvectors of its Gram matrix are W, the eigenvalues S squared.
  const { values, vectors: w } = symmetricEigen(gram(range, a.columns, width), width);
  const rank = values.filter((value) => value > 1e-10 * values[0]!).length;
  const count = Math.min(wanted, rank);
  const vectors = new Float64Array(a.columns * count);
  for (let k = 0; k < count; k++) {
    const scale = 1 / Math.sqrt(values[k]!);
    let largest = 0;
    for (let row = 0; row < a.columns; row++) {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += range[row * width + j]! * w[j * width + k]!;
      vectors[row * count + k] = sum * scale;
      if (Math.abs(sum) > Math.abs(largest)) largest = sum;
    }
    if (largest < 0) for (let row = 0; row < a.columns; row++) vectors[row * count + k]! *= -1;
  }
  return { values: values.slice(0, count).map(Math.sqrt), vectors, count };
}

/**
 * Replaces X by an orthonormal basis of its columns, X W S^-1 from the eigenvectors of X^T X: two passes over the rows
 * however wide X is. Directions 1e-6 and more below the strongest become zero columns, which is all the accuracy
 * features need.
 */
function orthonormalise(x: Float64Array, rows: number, width: number): void {
  const { values, vectors } = symmetricEigen(gram(x, rows, width), width);
  const scales = values.map((value) => (value > 1e-12 * values[0]! ? 1 / Math.sqrt(value) : 0));
  const line = new Float64Array(width);
  for (let row = 0; row < rows; row++) {
    line.fill(0);
    for (let j = 0; j < width; j++) {
      const value = x[row * width + j]!;
      for (let k = 0; k < width; k++) line[k]! += value * vectors[j * width + k]!;
    }
    for (let k = 0; k < width; k++) x[row * width + k] = line[k]! * scales[k]!;
  }
}

function gram(x: Float64Array, rows: number, width: number): Float64Array {
  const result = new Float64Array(width * width);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < width; i++) {
      const value = x[row * width + i]!;
      for (let j = 0; j < width; j++) result[i * width + j]! += value * x[row * width + j]!;
    }
  return result;
}

/** Jacobi's cyclic method (Golub and Van Loan, 8.5): eigenvalues descending, eigenvectors in columns. */
function symmetricEigen(a: Float64Array, n: number): { values: Float64Array; vectors: Float64Array } {
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    let total = 0;
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        const square = a[i * n + j]! ** 2;
        total += square;
        if (i !== j) off += square;
      }
    if (off <= 1e-24 * total) break;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, v, n, p, q);
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j]! - a[i * n + i]!);
  const values = Float64Array.from(order, (i) => Math.max(0, a[i * n + i]!));
  const vectors = new Float64Array(n * n);
  for (const [k, i] of order.entries()) for (let row = 0; row < n; row++) vectors[row * n + k] = v[row * n + i]!;
  return { values, vectors };
}

function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q]!;
  if (apq === 0) return;
  const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * apq);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const kp = a[k * n + p]!;
    const kq = a[k * n + q]!;
    a[k * n + p] = c * kp - s * kq;
    a[k * n + q] = s * kp + c * kq;
  }
  for (let k = 0; k < n; k++) {
    const pk = a[p * n + k]!;
    const qk = a[q * n + k]!;
    a[p * n + k] = c * pk - s * qk;
    a[q * n + k] = s * pk + c * qk;
    const vp = v[k * n + p]!;
    const vq = v[k * n + q]!;
    v[k * n + p] = c * vp - s * vq;
    v[k * n + q] = s * vp + c * vq;
  }
}
