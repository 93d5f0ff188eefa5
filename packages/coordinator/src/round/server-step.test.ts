import { quantiserFor } from '@noren/secure-aggregation';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { checkAggregate } from './aggregate.ts';
import { serverStep } from './server-optimiser.ts';

const yieldTurn = (): Promise<void> => Promise.resolve();

describe('the server optimiser', () => {
  const release = Float32Array.of(1, -2, 0.5);
  const update = Float32Array.of(0.5, 0.25, -1);

  test('fedavg adds the scaled mean update', async () => {
    const server = { optimizer: 'fedavg', learningRate: 0.5 } as const;
    const { candidate, moments } = await serverStep({ server, release, update, moments: null, yieldTurn });
    expect([...candidate]).toEqual([1.25, -1.875, 0]);
    expect(moments).toBeNull();
    expect([...release]).toEqual([1, -2, 0.5]);
  });

  test('fedadam follows algorithm 2 of Reddi et al. over two steps, written out', async () => {
    const server = { optimizer: 'fedadam', learningRate: 0.1 } as const;
    const one = await serverStep({ server, release, update, moments: null, yieldTurn });
    const two = await serverStep({ server, release: one.candidate, update, moments: one.moments, yieldTurn });
    let [x, m, v] = [1, 0, 0];
    for (let step = 0; step < 2; step++) {
      m = 0.9 * m + 0.1 * 0.5;
      v = 0.99 * v + 0.01 * 0.25;
      x += (0.1 * m) / (Math.sqrt(v) + 1e-3);
    }
    expect(two.candidate[0]).toBeCloseTo(x, 6);
    expect(two.moments?.first[0]).toBeCloseTo(m, 7);
    expect(two.moments?.second[0]).toBeCloseTo(v, 7);
  });

  test('lets others have a turn in a long vector', async () => {
    const long = new Float32Array(200_000);
    let turns = 0;
    const server = { optimizer: 'fedavg', learningRate: 1 } as const;
    const counted = async (): Promise<void> => void turns++;
    await serverStep({ server, release: long, update: long, moments: null, yieldTurn: counted });
    expect(turns).toBe(4);
  });
});

describe('the checks on a sum', () => {
  const quantiser = quantiserFor({ clipNorm: 2, sites: 5 });
  const check = (meanUpdate: Float32Array, weight: number, clipped = 0): Promise<number> =>
    checkAggregate({ meanUpdate, weight, clipped }, { survivors: 4, quantiser, yieldTurn });

  test('pass every mean of clipped updates, to the bound', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 }), {
          minLength: 4,
          maxLength: 4,
        }),
        fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 }),
        async (updates, weights) => {
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          const mean = new Float32Array(8);
          updates.forEach((update, site) => {
            const norm = Math.hypot(...update);
            // The reciprocal of a subnormal norm is infinite.
            const clip = norm > Number.MIN_VALUE * 2 ** 54 ? 2 / norm : 0;
            update.forEach(
              (value, place) => (mean[place] = (mean[place] ?? 0) + (value * clip * (weights[site] ?? 0)) / total),
            );
          });
          expect(await check(mean, total)).toBeLessThanOrEqual(2 + 1e-5);
        },
      ),
      {
        numRuns: 200,
        examples: [
          [Array.from({ length: 4 }, () => Array<number>(8).fill(Number.MIN_VALUE)), Array<number>(4).fill(0.01)],
        ],
      },
    );
  });

  test.each([
    ['a norm that clipping cannot leave', Float32Array.of(2.01, 0), 4, 0, /norm 2\.0\d* is above/],
    ['values that are not finite', Float32Array.of(Number.NaN, 0), 4, 0, /not finite/],
    ['more weight than there are sites', Float32Array.of(0, 0), 4.5, 0, /weights of 4 sites sum to 4\.5/],
    ['no weight', Float32Array.of(0, 0), 0, 0, /sum to 0/],
    ['more clipped updates than sites', Float32Array.of(0, 0), 4, 5, /5 of 4 sites clipped/],
  ])('refuse %s', async (_, mean, weight, clipped, reason) => {
    await expect(check(mean, weight, clipped)).rejects.toThrow(reason);
    await expect(check(mean, weight, clipped)).rejects.toMatchObject({ code: 'unsound-aggregate' });
  });
});
