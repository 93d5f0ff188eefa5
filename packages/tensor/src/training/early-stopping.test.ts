import { expect, test } from 'vitest';

import { afterEvaluation, earlyStopping, shouldStop, type EarlyStopping } from './early-stopping.ts';

function after(start: EarlyStopping, scores: readonly number[]): EarlyStopping {
  return scores.reduce(afterEvaluation, start);
}

test('a training stops when its patience is over, and remembers its best evaluation', () => {
  const state = after(earlyStopping(2, 0.1), [0.2, 0.3, 0.25, 0.29]);
  expect(state).toMatchObject({ best: 0.3, bestAt: 2 });
  expect(shouldStop(state)).toBe(true);
  expect(shouldStop(after(earlyStopping(2, 0.1), [0.2, 0.3, 0.25]))).toBe(false);
});

test('a training that never beats its start ends there', () => {
  const state = after(earlyStopping(3, 0.5), [0.1, 0.2, 0.3]);
  expect(state.bestAt).toBe(0);
  expect(shouldStop(state)).toBe(true);
});

test('equal scores and improvements below the minimum do not count', () => {
  expect(after(earlyStopping(9, 0.5), [0.5]).bestAt).toBe(0);
  expect(after(earlyStopping(9, 0.5, 0.1), [0.55, 0.59]).bestAt).toBe(0);
  expect(after(earlyStopping(9, 0.5, 0.1), [0.55, 0.61]).bestAt).toBe(2);
});

test('a score that is not a number improves nothing', () => {
  expect(after(earlyStopping(9, 0.5), [Number.NaN, 0.6])).toMatchObject({ best: 0.6, bestAt: 2 });
});

test('nothing stops before the first evaluation', () => {
  expect(shouldStop(earlyStopping(0, 0.5))).toBe(false);
});
