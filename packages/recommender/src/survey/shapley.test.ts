import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { shapleyValues } from './shapley.ts';

/** A value for every set of `players`, v(none) first. */
const games = fc
  .integer({ min: 1, max: 5 })
  .chain((players) =>
    fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 2 ** players, maxLength: 2 ** players }),
  );

test('the glove game: one left and two right gloves, where a pair is worth 1', () => {
  // Players by bit: left, right, right. Known answer: the scarce glove is worth 2/3, each of the others 1/6.
  const worth = (set: number): number => ((set & 1) === 1 && (set & 6) !== 0 ? 1 : 0);
  const values = shapleyValues(Array.from({ length: 8 }, (_, set) => worth(set)));
  [2 / 3, 1 / 6, 1 / 6].forEach((share, player) => expect(values[player]).toBeCloseTo(share, 12));
});

test('the shares add up to what all are worth more than none', () => {
  fc.assert(
    fc.property(games, (values) => {
      const sum = shapleyValues(values).reduce((total, share) => total + share, 0);
      expect(sum).toBeCloseTo((values.at(-1) ?? 0) - (values[0] ?? 0), 10);
    }),
  );
});

test('who never adds anything gets nothing', () => {
  fc.assert(
    fc.property(games, (values) => {
      // One player more, whom no set is worth more with.
      expect(shapleyValues([...values, ...values]).at(-1)).toBeCloseTo(0, 12);
    }),
  );
});

test('players that every set values alike get equal shares', () => {
  fc.assert(
    fc.property(games, (values) => {
      // The last two players count only by how many of them are there.
      const one = values.map((value) => value + 0.25);
      const both = values.map((value) => 0.5 * value);
      const shares = shapleyValues([...values, ...one, ...one, ...both]);
      expect(shares.at(-1)).toBeCloseTo(shares.at(-2) ?? Number.NaN, 10);
    }),
  );
});

test('it is the mean over all orders of what each player adds', () => {
  fc.assert(
    fc.property(games, (values) => {
      const players = Array.from({ length: Math.log2(values.length) }, (_, player) => player);
      const orders = permutations(players);
      const sums = players.map(() => 0);
      for (const order of orders) {
        let set = 0;
        for (const player of order) {
          const next = set | (1 << player);
          sums[player] = (sums[player] ?? 0) + (values[next] ?? 0) - (values[set] ?? 0);
          set = next;
        }
      }
      shapleyValues(values).forEach((share, player) =>
        expect(share).toBeCloseTo((sums[player] ?? 0) / orders.length, 10),
      );
    }),
    { numRuns: 50 },
  );
});

test('values that are not one for each set are refused', () => {
  expect(() => shapleyValues([0, 1, 2])).toThrow('3 values');
});

function permutations(of: readonly number[]): number[][] {
  if (of.length === 0) return [[]];
  return of.flatMap((first) => permutations(of.filter((other) => other !== first)).map((rest) => [first, ...rest]));
}
