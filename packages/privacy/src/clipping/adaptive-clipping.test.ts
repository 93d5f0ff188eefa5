import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { concentratedLoss } from '../accountant/concentrated.ts';
import { nextClipNorm, noiseMultiplierBesideCount } from './adaptive-clipping.ts';

const clipping = { quantile: 0.5, learningRate: 0.2 };

test('from far above and far below, the clip norm comes to the quantile of the norms', () => {
  // A hundred norms 0.1 .. 10; their median lies at 5.
  const norms = Array.from({ length: 100 }, (_, i) => (i + 1) / 10);
  for (const start of [0.01, 1000]) {
    let clipNorm = start;
    for (let step = 0; step < 300; step += 1) {
      const limit = clipNorm;
      clipNorm = nextClipNorm(clipNorm, norms.filter((norm) => norm <= limit).length, norms.length, clipping);
    }
    expect(clipNorm).toBeGreaterThan(4.9);
    expect(clipNorm).toBeLessThan(5.2);
  }
});

test('when nobody is clipped the norm falls by e^(-0.1), when everybody is it rises by e^0.1', () => {
  expect(nextClipNorm(1, 50, 50, clipping)).toBeCloseTo(Math.exp(-0.1), 12);
  expect(nextClipNorm(1, 0, 50, clipping)).toBeCloseTo(Math.exp(0.1), 12);
  expect(nextClipNorm(1, 25, 50, clipping)).toBe(1);
});

test('sum and count together cost what the sum alone would have', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 50, noNaN: true }),
      fc.double({ min: 1.01, max: 100, noNaN: true }),
      (noiseMultiplier, ratio) => {
        const countNoise = (noiseMultiplier / 2) * ratio;
        const sum = noiseMultiplierBesideCount(noiseMultiplier, countNoise);
        expect(sum).toBeGreaterThan(noiseMultiplier);
        const both = concentratedLoss(1, sum) + concentratedLoss(0.5, countNoise);
        expect(both / concentratedLoss(1, noiseMultiplier)).toBeCloseTo(1, 9);
      },
    ),
  );
});

test('a count with too little noise leaves nothing for the sum, and is refused', () => {
  expect(() => noiseMultiplierBesideCount(2, 1)).toThrow(expect.objectContaining({ code: 'unreachable' }));
  expect(() => noiseMultiplierBesideCount(0, 1)).toThrow(expect.objectContaining({ code: 'out-of-range' }));
});

test.each([
  () => nextClipNorm(0, 1, 2, clipping),
  () => nextClipNorm(1, Number.NaN, 2, clipping),
  () => nextClipNorm(1, 1, 0, clipping),
  () => nextClipNorm(1, 1, 2, { ...clipping, quantile: 1 }),
])('what lies outside its range is refused: %s', (ask) => {
  expect(ask).toThrow(expect.objectContaining({ code: 'out-of-range' }));
});
