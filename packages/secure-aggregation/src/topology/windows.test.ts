import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { corruptBound, corruptBoundOfTwo, log2BrokenByChoice, windowThreshold } from './windows.ts';

const seed = Number(process.env['NOREN_TEST_SEED'] ?? Date.now() % 2 ** 31);
process.stdout.write(`window properties: NOREN_TEST_SEED=${seed}\n`);

function choose(n: number, k: number): bigint {
  if (k < 0 || k > n) return 0n;
  let value = 1n;
  for (let i = 1; i <= k; i++) value = (value * BigInt(n - k + i)) / BigInt(i);
  return value;
}

/** Ways in which k or more of a tenth of the sites are in the window, and all ways. */
function waysOf(registered: number, width: number, k: number): readonly [bigint, bigint] {
  const corrupt = Math.floor(registered / 10);
  let ways = 0n;
  for (let j = k; j <= width; j++) ways += choose(corrupt, j) * choose(registered - corrupt, width - j);
  return [ways, choose(registered, width)];
}

test('the bounds on corrupt sites in windows are the least that exact integers allow', () => {
  const windows = fc
    .integer({ min: 129, max: 600 })
    .chain((registered) =>
      fc.record({ registered: fc.constant(registered), width: fc.integer({ min: 1, max: registered }) }),
    );
  const property = fc.property(windows, fc.nat(300), (window, guess) => {
    const { registered, width } = window;
    const places = BigInt(registered) ** 2n;
    // Times beginnings and widths 2^-51 or less; of two windows the square is.
    const isRare = (k: number): boolean => {
      const [ways, all] = waysOf(registered, width, k);
      return ways * places * 2n ** 51n <= all;
    };
    const isRareTwice = (k: number): boolean => {
      const [ways, all] = waysOf(registered, width, k);
      return ways ** 2n * places ** 2n * 2n ** 51n <= all ** 2n;
    };
    const [bound, ofTwo] = [corruptBound(window), corruptBoundOfTwo(window)];
    expect([isRare(bound), isRare(bound - 1)]).toEqual([true, false]);
    expect([isRareTwice(ofTwo), isRareTwice(ofTwo - 1)]).toEqual([true, false]);
    expect([corruptBound(window, guess), corruptBoundOfTwo(window, guess)]).toEqual([bound, ofTwo]);
  });
  fc.assert(property, { seed, numRuns: 60 });
});

/** registered, width, sites, threshold; the last are beyond what a group can have. */
test.each([
  [200, 100, 100, 67],
  [1000, 100, 100, 73],
  [1000, 167, 100, 79],
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

test.each(['groups', 'flat'] as const)(
  'whoever is left out, a tenth of the sites breaks a roster’s %s with 2^-50 at most',
  (topology) => {
    for (let registered = 129; registered <= 10_000; registered = Math.ceil(registered * 2)) {
      expect(log2BrokenByChoice(registered, 0.1, topology)).toBeLessThanOrEqual(-50);
      // More of them surely.
      expect(log2BrokenByChoice(registered, 0.2, topology)).toBe(0);
    }
    expect(log2BrokenByChoice(1000, 0, topology)).toBe(-Infinity);
  },
);
