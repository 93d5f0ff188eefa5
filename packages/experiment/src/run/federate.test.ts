import type { ModelValues } from '@noren/recommender';
import { expect, test } from 'vitest';
import { federate, type FederatedResult } from './federate.ts';
import { randomBytes } from './random-bytes.ts';

type Values = Map<string, Float32Array>;

/** A site that moves the shared value and its own towards a place of its own, half of the way a round. */
interface Site {
  readonly place: number;
  readonly examples: number;
}

const model = (shared: number, own: number): Values =>
  new Map([
    ['item.norm/gain', Float32Array.of(shared)],
    ['sequence.position/embedding', Float32Array.of(own)],
  ]);
const sharedOf = (values: ModelValues | undefined): number => values?.get('item.norm/gain')?.[0] ?? Number.NaN;
const ownOf = (values: ModelValues | undefined): number =>
  values?.get('sequence.position/embedding')?.[0] ?? Number.NaN;

function run(
  sites: readonly Site[],
  o: { readonly rounds?: number; readonly clipNorm?: number; readonly best?: number } = {},
): Promise<FederatedResult> {
  return federate(sites, {
    start: model(0, 0),
    scopeOf: (group) => (group === 'item.norm' ? 'federated' : 'local'),
    rounds: o.rounds ?? 1,
    clipNorm: o.clipNorm ?? 50,
    relearn: ({ place, examples }, values) =>
      Promise.resolve({
        values: model((sharedOf(values) + place) / 2, (ownOf(values) + place) / 2),
        examples,
      }),
    // The nearer the shared value is to `best`, the better.
    quality: (_, values) => Promise.resolve(Float64Array.of(-Math.abs(sharedOf(values) - (o.best ?? 1e9)))),
    random: randomBytes(1),
  });
}

test('the shared value moves by the mean of the updates, by examples; local ones stay each site’s own', async () => {
  const { values, keptRound, vectorLength } = await run([
    { place: 4, examples: 300 },
    { place: -4, examples: 100 },
  ]);
  expect(values.map(sharedOf)).toEqual([expect.closeTo(1, 5), expect.closeTo(1, 5)]);
  expect(values.map(ownOf)).toEqual([2, -2]);
  expect([keptRound, vectorLength]).toEqual([1, 1]);
});

test('updates are clipped as a round clips them', async () => {
  const { values } = await run([{ place: 8, examples: 1 }], { clipNorm: 0.5 });
  expect(sharedOf(values[0])).toBeCloseTo(0.5, 5);
});

test('the best round is kept, the start where no round is better', async () => {
  const site = { place: 8, examples: 1 };
  const halfway = await run([site], { rounds: 5, best: 6 });
  expect(halfway.keptRound).toBe(2);
  expect(sharedOf(halfway.values[0])).toBeCloseTo(6, 5);
  expect((await run([site], { rounds: 3, best: -1 })).keptRound).toBe(0);
});
