import { expect, test } from 'vitest';

import { codeOf } from '../testing/federation.ts';
import { flatGraph } from './harary.ts';

/*
 * Expected degrees and thresholds of graph_parameter_finder_test.cc in google/federated-compute (Apache-2.0), 40 bits of
 * security and 20 of correctness: sites, corrupt, lost, degree, threshold.
 */
test.each([
  [100, 0.45, 0.45, 92, 46],
  [1000, 0.45, 0.45, 822, 417],
  [10_000, 0.45, 0.45, 3494, 1771],
  [10, 0.33, 0.33, 8, 4],
  [100, 0.33, 0.33, 68, 34],
  [1000, 0.33, 0.33, 286, 150],
  [10_000, 0.33, 0.33, 422, 221],
  [1_000_000, 0.33, 0.33, 518, 270],
  [100, 0.05, 0.33, 28, 6],
  [1000, 0.05, 0.33, 72, 24],
  [10, 0.33, 0.05, 4, 4],
  [100, 0.33, 0.05, 34, 29],
  [1000, 0.33, 0.05, 78, 60],
  [100, 0.05, 0.05, 12, 6],
  [1000, 0.05, 0.05, 30, 17],
  [100_000, 0.05, 0.05, 36, 21],
  [100, 0.33, 0, 26, 25],
  [1000, 0.33, 0, 38, 36],
  [100, 0, 0.33, 26, 2],
  [1000, 0, 0, 2, 2],
])('passive: %i sites, %d corrupt, %d lost need %i neighbours and a threshold of %i', (...row) => {
  const [sites, corruptFraction, lostFraction, degree, threshold] = row;
  const graph = flatGraph({ sites, corruptFraction, lostFraction, adversary: 'passive' });
  expect(graph).toEqual({ degree, threshold });
});

test.each([
  [100, 0.3, 0.3, 92, 62],
  [1000, 0.3, 0.3, 872, 584],
  [10, 0.05, 0.33, 8, 5],
  [100, 0.05, 0.33, 72, 39],
  [1000, 0.05, 0.33, 398, 223],
  [10_000, 0.05, 0.33, 746, 420],
  [10, 0.33, 0.05, 4, 4],
  [100, 0.33, 0.05, 42, 37],
  [1000, 0.33, 0.05, 132, 109],
  [100, 0.05, 0.05, 16, 11],
  [1000, 0.05, 0.05, 52, 37],
  [1_000_000, 0.05, 0.05, 74, 52],
  [1000, 0.33, 0, 38, 37],
  [1000, 0, 0.33, 228, 115],
])('active: %i sites, %d corrupt, %d lost need %i neighbours and a threshold of %i', (...row) => {
  const [sites, corruptFraction, lostFraction, degree, threshold] = row;
  const graph = flatGraph({ sites, corruptFraction, lostFraction, adversary: 'active' });
  expect(graph).toEqual({ degree, threshold });
});

test.each([
  [1000, 0.05, [30, 17], [52, 37]],
  [1000, 0.1, [46, 26], [96, 67]],
  [1000, 0.2, [98, 54], [298, 203]],
  [20_000, 0.05, [34, 20], [64, 45]],
  [20_000, 0.1, [56, 31], [124, 86]],
  [20_000, 0.2, [124, 67], [502, 341]],
] as const)('%i sites, %d corrupt and as many lost (design, section 2.4)', (sites, fraction, passive, active) => {
  // The table spends 2^-40 on each of two events, where the rows above spend half of it on each.
  const demand = { sites, corruptFraction: fraction, lostFraction: fraction, securityBits: 39 };
  expect(Object.values(flatGraph({ ...demand, adversary: 'passive' }))).toEqual(passive);
  expect(Object.values(flatGraph({ ...demand, adversary: 'active' }))).toEqual(active);
});

test('what no graph can stand, and what is no fraction, is refused', () => {
  const active = { sites: 1000, adversary: 'active' } as const;
  expect(codeOf(() => flatGraph({ ...active, corruptFraction: 0.33, lostFraction: 0.33 }))).toBe('out-of-range');
  expect(codeOf(() => flatGraph({ ...active, corruptFraction: -0.1, lostFraction: 0.1 }))).toBe('out-of-range');
  expect(codeOf(() => flatGraph({ ...active, corruptFraction: Number.NaN, lostFraction: 0 }))).toBe('out-of-range');
  expect(codeOf(() => flatGraph({ ...active, sites: 2, corruptFraction: 0, lostFraction: 0 }))).toBe('out-of-range');
  expect(codeOf(() => flatGraph({ ...active, sites: 10, corruptFraction: 0.4, lostFraction: 0.2 }))).toBe(
    'too-few-sites',
  );
});
