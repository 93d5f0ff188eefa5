import { customerScores, type ModelValues } from '@noren/recommender';
import { expect, test } from 'vitest';
import { bestBlend } from './best-blend.ts';

const model = (value: number): Map<string, Float32Array> => new Map([['item.norm/gain', Float32Array.of(value)]]);
const valueOf = (values: ModelValues): number => values.get('item.norm/gain')?.[0] ?? Number.NaN;

/** The nearer a model's one parameter is to `best`, the better it ranks. */
function blendFor(best: number): Promise<Map<string, Float32Array>> {
  return bestBlend({
    federated: model(4),
    partners: [model(-8), model(0)],
    score: (values) => {
      const rank = 1 + Math.round(10 * Math.abs(valueOf(values) - best));
      return Promise.resolve(customerScores(Int32Array.of(0), Int32Array.of(rank)));
    },
  });
}

test.each([
  [0.9, 1],
  [2.1, 2],
  [9, 3],
])('where customers are best served at %f, the blend is at %f', async (best, blend) => {
  expect(valueOf(await blendFor(best))).toBe(blend);
});

test('the partner is the better of the site’s own models', async () => {
  expect(valueOf(await blendFor(-7))).toBe(-5);
});
