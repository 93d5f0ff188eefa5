import { describe, expect, test } from 'vitest';

import type { NoiseRequest } from '../runtime/executable.ts';
import { NoisePool } from './noise-pool.ts';

const mask: NoiseRequest = { kind: 'dropout', rate: 0.25, shape: [100, 200] };
const normal: NoiseRequest = { kind: 'normal', shape: [20_000] };

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('the noise pool', () => {
  test('keeps the share asked for and scales it up', () => {
    const values = new NoisePool(1).stretch(mask, 0, 0);
    expect(values).toHaveLength(20_000);
    expect(new Set(values)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
    // Four standard deviations of a mean of 20,000 such values.
    expect(Math.abs(mean(values) - 1)).toBeLessThan(4 * Math.sqrt(1 / 3 / 20_000));
  });

  test('draws standard normal values', () => {
    const values = new NoisePool(1).stretch(normal, 0, 0);
    expect(Math.abs(mean(values))).toBeLessThan(4 / Math.sqrt(20_000));
    expect(Math.abs(mean(values.map((value) => value ** 2)) - 1)).toBeLessThan(4 * Math.sqrt(2 / 20_000));
    expect(mean(values.map((value) => Number(Math.abs(value) < 1)))).toBeCloseTo(0.6827, 1);
    expect(Math.max(...values)).toBeGreaterThan(3);
  });

  test('differs from step to step, from call to call and from seed to seed', () => {
    const pool = new NoisePool(1);
    const stretches = [
      pool.stretch(mask, 0, 0),
      pool.stretch(mask, 1, 0),
      pool.stretch(mask, 0, 1),
      new NoisePool(2).stretch(mask, 0, 0),
    ];
    for (const [i, a] of stretches.entries()) {
      for (const b of stretches.slice(i + 1)) {
        // Independent masks of rate 1/4 agree in 10 of 16 places.
        expect(mean(a.map((value, place) => Number(value === b[place])))).toBeCloseTo(0.625, 1);
      }
    }
  });

  test('repeats with the same seed, whatever was asked before', () => {
    const fresh = new NoisePool(5);
    const used = new NoisePool(5);
    used.stretch({ ...mask, shape: [300_000] }, 3, 9);
    used.stretch(normal, 0, 0);
    expect(used.stretch(mask, 7, 2)).toEqual(fresh.stretch(mask, 7, 2));
  });
});
