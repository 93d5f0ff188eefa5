import { describe, expect, test } from 'vitest';
import { modalities, type RecommenderConfig } from '../config/recommender-config.ts';
import { groupOf, parameterGroups } from '../parameters/groups.ts';
import { freshValues } from '../parameters/start-values.ts';
import type { ModelValues } from '../parameters/values.ts';
import { seededRandom } from '../random/seeded-random.ts';
import { seededBytes } from '../testing/seeded-bytes.ts';
import { tinyConfig, tinyStudy } from '../testing/tiny-study.ts';
import { windowGradients } from '../testing/window-gradients.ts';
import { CustomerGradients } from './customer-gradients.ts';
import { customerGradientSum } from './customer-gradient-sum.ts';
import { firstWindows, poissonSample } from './poisson-sample.ts';

/** Noisy, so that no bias is zero and no gain one. */
function noisyValues(config: RecommenderConfig): ModelValues {
  return new Map(
    [...freshValues(config, 1)].map(([name, data]) => {
      const random = seededRandom(2, name);
      return [name, data.map((value) => value + 0.1 * random.normal())];
    }),
  );
}

const everything = (): boolean => true;
const lengthOf = (vector: ArrayLike<number>): number => Math.hypot(...Array.from(vector));

function clippedSum(gradients: readonly Float32Array[], clipNorm: number): Float64Array {
  const sum = new Float64Array(gradients[0]?.length ?? 0);
  for (const gradient of gradients) {
    const factor = Math.min(1, clipNorm / lengthOf(gradient));
    gradient.forEach((value, at) => (sum[at] = (sum[at] ?? 0) + factor * value));
  }
  return sum;
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return lengthOf(Array.from(a, (value, at) => value - (b[at] ?? Number.NaN)));
}

describe.each(['sum+hadamard', 'attention', 'concat'] as const)('the item side, fused by %s', (fusion) => {
  const config: RecommenderConfig = { ...tinyConfig, fusion, maximumLength: 5 };
  const study = tinyStudy(config);
  const first = firstWindows(study.windows);
  const values = noisyValues(config);

  test.each<[string, (group: string) => boolean]>([
    ['with all the model', everything],
    ['alone', (group) => group.startsWith('item.')],
    ['in its texts and scales', (group) => group === 'item.text' || group === 'item.scale'],
  ])('%s has clipped gradients of one customer at a time', async (_name, trainable) => {
    // More windows than one batch holds, and a last batch that is not full.
    const chosen = poissonSample(first, 0.5, seededBytes(5));
    expect(chosen.length).toBeGreaterThan(9);
    const gradients = await windowGradients(study, { values, chosen, trainable });
    const median = gradients.map(lengthOf).toSorted((a, b) => a - b)[Math.floor(gradients.length / 2)] ?? 1;
    const opened = await CustomerGradients.open(study, { values, trainable, modalities, batchSize: 4 });
    try {
      for (const clipNorm of [median, Infinity]) {
        const expected = clippedSum(gradients, clipNorm);
        const { sum, clipped } = await opened.clippedSum(chosen, clipNorm);
        expect(distance(sum, expected)).toBeLessThan(3e-5 * lengthOf(expected));
        expect(clipped).toBe(gradients.filter((gradient) => lengthOf(gradient) > clipNorm / (1 + 1e-5)).length);
      }
    } finally {
      await opened.close();
    }
  });
});

test('a customer more or less changes the sum of all groups by no more than the clip norm', async () => {
  const study = tinyStudy(tinyConfig);
  const first = firstWindows(study.windows);
  const values = noisyValues(tinyConfig);
  const opened = await CustomerGradients.open(study, { values, trainable: everything, modalities, batchSize: 5 });
  const windows = poissonSample(first, 0.3, seededBytes(8));
  for (const clipNorm of [1e-4, 0.1]) {
    const { sum } = await opened.clippedSum(windows, clipNorm);
    for (const left of [0, 3]) {
      const { sum: others } = await opened.clippedSum(
        windows.filter((_, at) => at !== left),
        clipNorm,
      );
      expect(distance(sum, others)).toBeLessThanOrEqual(clipNorm);
    }
  }
  await opened.close();
});

test('a site’s sum has every tensor of the item side, and none for modalities that the plan leaves out', async () => {
  const study = tinyStudy(tinyConfig);
  const { sum } = await customerGradientSum(study, {
    values: noisyValues(tinyConfig),
    trainable: (group) => group.startsWith('item.'),
    modalities: ['text', 'price'],
    samplingRate: 1,
    clipNorm: 1,
    random: seededBytes(1),
  });
  const names = parameterGroups(tinyConfig).flatMap(({ tensors }) => tensors.map(({ name }) => name));
  expect([...sum.keys()].toSorted()).toEqual(names.filter((name) => name.startsWith('item.')).toSorted());
  for (const [name, gradient] of sum) {
    const still = groupOf(name) === 'item.image' || name === 'item.scale/image' || name.endsWith('gate.noise');
    expect(lengthOf(gradient) === 0, name).toBe(still);
  }
});
