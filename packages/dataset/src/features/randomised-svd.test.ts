import { expect, test } from 'vitest';

import { randomStream } from '../random.ts';
import { dense, sparse, type SparseRows } from './matrix.ts';
import { rightSingularVectors } from './randomised-svd.ts';

/** A = sum of strength_k u_k v_k^T with orthonormal u and v drawn at random. */
function lowRank(rows: number, columns: number, strengths: readonly number[]): { a: Float32Array; v: number[][] } {
  const random = randomStream(3, 'low rank');
  const orthonormal = (length: number): number[][] => {
    const basis: number[][] = [];
    for (let k = 0; k < strengths.length; k++) {
      let vector = Array.from({ length }, () => random.normal());
      for (const other of basis) {
        const dot = vector.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0);
        vector = vector.map((value, at) => value - dot * (other[at] ?? 0));
      }
      const norm = Math.hypot(...vector);
      basis.push(vector.map((value) => value / norm));
    }
    return basis;
  };
  const u = orthonormal(rows);
  const v = orthonormal(columns);
  const a = Float32Array.from({ length: rows * columns }, (_, at) =>
    strengths.reduce(
      (sum, strength, k) => sum + strength * (u[k]?.[Math.floor(at / columns)] ?? 0) * (v[k]?.[at % columns] ?? 0),
      0,
    ),
  );
  return { a, v };
}

test('finds the singular values and directions of a matrix that has them', () => {
  const strengths = [9, 5, 2, 1];
  const { a, v } = lowRank(60, 40, strengths);
  const found = rightSingularVectors(dense(a, 60, 40), 3, randomStream(1, 'svd'));
  expect(found.count).toBe(3);
  for (let k = 0; k < 3; k++) {
    expect(found.values[k]).toBeCloseTo(strengths[k] ?? 0, 4);
    const cosine = (v[k] ?? []).reduce((sum, value, row) => sum + value * (found.vectors[row * 3 + k] ?? 0), 0);
    expect(Math.abs(cosine)).toBeCloseTo(1, 5);
  }
});

test('asked for more than the rank, it gives the rank', () => {
  const { a } = lowRank(30, 20, [4, 3]);
  expect(rightSingularVectors(dense(a, 30, 20), 10, randomStream(1, 'svd')).count).toBe(2);
});

test('a matrix of zeros has no direction', () => {
  expect(rightSingularVectors(dense(new Float32Array(12), 4, 3), 2, randomStream(1, 'svd')).count).toBe(0);
});

test('a sparse matrix multiplies as the dense one does', () => {
  const rows: SparseRows = {
    columns: 3,
    starts: Int32Array.of(0, 2, 2, 3),
    places: Int32Array.of(0, 2, 1),
    values: Float32Array.of(1, 2, 3),
  };
  const x = Float64Array.of(1, -1, 0.5, 2, 3, 0);
  const full = dense(Float32Array.of(1, 0, 2, 0, 0, 0, 0, 3, 0), 3, 3);
  expect(sparse(rows).times(x, 2)).toEqual(full.times(x, 2));
  expect(sparse(rows).transposedTimes(x, 2)).toEqual(full.transposedTimes(x, 2));
});
