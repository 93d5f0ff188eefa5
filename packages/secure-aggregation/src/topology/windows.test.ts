import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { corruptBound, log2BrokenByChoice, windowThreshold } from './windows.ts';

const seed = Number(process.env['NOREN_TEST_SEED'] ?? Date.now() % 2 ** 31);
process.stdout.write(`window properties: NOREN_TEST_SEED=${seed}\n`);

function choose(n: number, k: number): bigint {
  if (k < 0 || k > n) return 0n;
  let value = 1n;
  for (let i = 1; i <= k; i++) value = (value * BigInt(n - k + i)) / BigInt(i);
  return value;
}

/** Whether P[k or more of a tenth of the sites in the window] x windows of this width x widths is 2^-50 or less; exactly. */
function isRare(registered: number, width: number, k: number): boolean {
  const corrupt = Math.floor(registered / 10);
  let ways = 0n;
  for (let j = k; j <= width; j++) ways += choose(corrupt, j) * choose(registered - corrupt, width - j);
  return ways * BigInt(registered) * BigInt(registered - width + 1) * 2n ** 50n <= choose(registered, width);
}

test('the bound on corrupt sites in a window is the least that exact integers allow', () => {
  const windows = fc
    .integer({ min: 129, max: 600 })
    .chain((registered) =>
      fc.record({ registered: fc.constant(registered), width: fc.integer({ min: 1, max: registered }) }),
    );
  const property = fc.property(windows, fc.nat(300), (window, guess) => {
    const { registered, width } = window;
    const bound = corruptBound(window);
    expect(isRare(registered, width, bound)).toBe(true);
    expect(isRare(registered, width, bound - 1)).toBe(false);
    expect(corruptBound(window, guess)).toBe(bound);
  });
  fc.assert(property, { seed, numRuns: 60 });
});

/** registered, width, sites, threshold; the last are beyond what a group can have. */
test.each([
  [200, 100, 100, 67],
  [1000, 100, 100, 72],
  [1000, 167, 100, 78],
  [1000, 1000, 128, 115],
  [10_000, 100, 100, 75],
  [10_000, 167, 100, 83],
  [10_000, 333, 100, 99],
  [10_000, 400, 100, 105],
  [10_000, 10_000, 128, 565],
])(
  'of %i registered sites a window of %i ranks asks of a group of %i a threshold of %i',
  (registered, width, sites, t) => {
    expect(windowThreshold(sites, { registered, width })).toBe(t);
  },
);

test('whoever is left out, a tenth of the sites breaks a roster’s groups with 2^-50 at most, and more of them surely', () => {
  for (let registered = 129; registered <= 10_000; registered = Math.ceil(registered * 2)) {
    expect(log2BrokenByChoice(registered, 0.1)).toBeLessThanOrEqual(-50);
    expect(log2BrokenByChoice(registered, 0.2)).toBe(0);
  }
  expect(log2BrokenByChoice(1000, 0)).toBe(-Infinity);
});
