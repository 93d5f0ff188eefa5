import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecommenderError } from '../errors.ts';
import { rankOfTarget } from './ranks.ts';

test('only items the customer does not have compete', () => {
  const scores = [0.9, 0.8, 0.7, 0.6];
  expect(rankOfTarget(scores, [], 2)).toBe(3);
  expect(rankOfTarget(scores, [0], 2)).toBe(2);
  expect(rankOfTarget(scores, [0, 1, 0], 2)).toBe(1);
});

test('ties count against the target', () => {
  expect(rankOfTarget([0.5, 0.5, 0.5, 0.1], [], 0)).toBe(3);
});

test('a score that is not a number is an error at the target and a better one elsewhere', () => {
  expect(() => rankOfTarget([0.5, Number.NaN], [], 1)).toThrow(RecommenderError);
  expect(rankOfTarget([0.5, Number.NaN], [], 0)).toBe(2);
});

test('the rank is the place in the sorted list of open items', () => {
  const cases = fc
    .uniqueArray(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 40 })
    .chain((scores) => {
      const item = fc.nat(scores.length - 1);
      return fc.record({ scores: fc.constant(scores), target: item, history: fc.array(item) });
    });
  fc.assert(
    fc.property(cases, ({ scores, target, history }) => {
      const open = scores.filter((_, item) => item === target || !history.includes(item)).toSorted((a, b) => b - a);
      expect(rankOfTarget(scores, history, target)).toBe(open.indexOf(scores[target] as number) + 1);
    }),
  );
});
