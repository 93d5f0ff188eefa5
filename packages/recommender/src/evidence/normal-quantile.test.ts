import { expect, test } from 'vitest';
import { normalQuantile } from './normal-quantile.ts';

test('quantiles are those of the table of the normal distribution', () => {
  // NIST/SEMATECH e-Handbook, 1.3.6.7.1.
  for (const [probability, value] of [
    [0.5, 0],
    [0.9, 1.2816],
    [0.975, 1.96],
    [0.999, 3.0902],
    [0.05, -1.6449],
  ] as const) {
    expect(Math.abs(normalQuantile(probability) - value)).toBeLessThan(5e-4);
  }
});
