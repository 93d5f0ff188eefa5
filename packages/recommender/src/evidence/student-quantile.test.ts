import { expect, test } from 'vitest';
import { studentQuantile } from './student-quantile.ts';

// Tables of Student's t, as in Abramowitz and Stegun, table 26.10; one degree of freedom is the Cauchy distribution.
test.each([
  [0.75, 1, 1],
  [0.95, 1, 6.314],
  [0.9, 2, 1.886],
  [0.8, 4, 0.941],
  [0.95, 4, 2.132],
  [0.975, 10, 2.228],
  [0.99, 30, 2.457],
  [0.975, 120, 1.98],
  [0.05, 4, -2.132],
  [0.5, 3, 0],
])('with probability %f and %i degrees of freedom it is %f', (probability, degrees, quantile) => {
  expect(studentQuantile(probability, degrees)).toBeCloseTo(quantile, 3);
});

test('the number of sites need not be whole', () => {
  const between = studentQuantile(0.9, 3.5);
  expect(between).toBeLessThan(studentQuantile(0.9, 3));
  expect(between).toBeGreaterThan(studentQuantile(0.9, 4));
});
