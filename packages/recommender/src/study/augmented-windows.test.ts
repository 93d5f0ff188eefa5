import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../random/seeded-random.ts';
import { tinySequences } from '../testing/tiny-study.ts';
import { augmentedWindows } from './augmented-windows.ts';
import { trainingWindows, type Windows } from './windows.ts';

const windows = trainingWindows(tinySequences(40, 30), 6);

function purchases({ inputs, targets, sizes, length }: Windows, row: number): number[] {
  const size = sizes[row] as number;
  return [...inputs.subarray(row * length, row * length + size), targets[row * length + size - 1] as number];
}

test('without thinning and shuffling the windows are what they were', () => {
  const same = augmentedWindows(windows, { thinning: 0, shuffling: 0 }, seededRandom(1, 'test'));
  for (let row = 0; row < windows.count; row += 1) expect(purchases(same, row)).toEqual(purchases(windows, row));
  expect(same.examples).toBe(windows.examples);
});

test('a thinned window is a part of the window in its order, of two purchases at least', () => {
  const options = fc.record({ thinning: fc.double({ min: 0, max: 1, noNaN: true }), seed: fc.nat() });
  fc.assert(
    fc.property(options, ({ thinning, seed }) => {
      const thinned = augmentedWindows(windows, { thinning, shuffling: 0 }, seededRandom(seed, 'test'));
      let examples = 0;
      for (let row = 0; row < windows.count; row += 1) {
        const [whole, part] = [purchases(windows, row), purchases(thinned, row)];
        expect(part.length).toBeGreaterThanOrEqual(2);
        let from = 0;
        for (const item of part) from = whole.indexOf(item, from) + 1 || Number.NaN;
        expect(from).not.toBeNaN();
        // Each input is followed by its target, which is the next input.
        const { inputs, targets, sizes, length } = thinned;
        for (let at = 1; at < (sizes[row] ?? 0); at += 1) {
          expect(inputs[row * length + at]).toBe(targets[row * length + at - 1]);
        }
        examples += part.length - 1;
      }
      expect(thinned.examples).toBe(examples);
    }),
    { numRuns: 50 },
  );
});

test('a shuffled window holds the same purchases, and seldom in the same order', () => {
  const shuffled = augmentedWindows(windows, { thinning: 0, shuffling: 1 }, seededRandom(2, 'test'));
  let moved = 0;
  for (let row = 0; row < windows.count; row += 1) {
    const [before, after] = [purchases(windows, row), purchases(shuffled, row)];
    expect(after.toSorted((a, b) => a - b)).toEqual(before.toSorted((a, b) => a - b));
    if (after.toString() !== before.toString()) moved += 1;
  }
  expect(moved).toBeGreaterThan(windows.count / 2);
});
