import { privacyLoss } from '@noren/privacy';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { modalities } from '../config/recommender-config.ts';
import { groupOf } from '../parameters/groups.ts';
import { freshValues } from '../parameters/start-values.ts';
import type { ModelValues } from '../parameters/values.ts';
import { seededRandom } from '../random/seeded-random.ts';
import { seededBytes } from '../testing/seeded-bytes.ts';
import { tinyConfig, tinyStudy } from '../testing/tiny-study.ts';
import { windowGradients } from '../testing/window-gradients.ts';
import { CustomerGradients } from './customer-gradients.ts';
import { firstWindows, poissonSample } from './poisson-sample.ts';
import type { PrivateRelearnOptions, PrivateStepReport } from './private-relearn-options.ts';
import { relearnPrivately } from './relearn-privately.ts';

/** Shorter than many histories, so that customers have several windows. */
const config = { ...tinyConfig, layers: 2, maximumLength: 5, adapterRank: 2 };
const study = tinyStudy(config);
const first = firstWindows(study.windows);
const customers = first.length - 1;
const trainable = (group: string): boolean => group.startsWith('sequence.') || group === 'item.norm';

/** Noisy, so that no bias is zero and no gain one. */
const start: ModelValues = new Map(
  [...freshValues(config, 1)].map(([name, data]) => {
    const random = seededRandom(2, name);
    return [name, data.map((value) => value + 0.1 * random.normal())];
  }),
);

const all: PrivateRelearnOptions = {
  values: start,
  trainable,
  modalities,
  samplingRate: 0.3,
  steps: 3,
  clipNorm: Infinity,
  noiseMultiplier: 0,
  expectedCustomers: 0.3 * customers,
  learningRate: 0.5,
  random: seededBytes(1),
  addNoise: () => undefined,
};

const opened = await CustomerGradients.open(study, { values: start, trainable, modalities, batchSize: 8 });
afterAll(() => opened.close());

const lengthOf = (vector: ArrayLike<number>): number => Math.hypot(...Array.from(vector));

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return lengthOf(Array.from(a, (value, at) => value - (b[at] ?? Number.NaN)));
}

test("clipped gradients of the recommender's sequence groups are those of one customer at a time", async () => {
  const chosen = poissonSample(first, 0.4, seededBytes(5));
  expect(chosen.length).toBeGreaterThan(8);
  const gradients = await windowGradients(study, { values: start, chosen, trainable });
  const lengths = gradients.map(lengthOf);
  for (const clipNorm of [lengths.toSorted((a, b) => a - b)[Math.floor(lengths.length / 2)] ?? 1, Infinity]) {
    const expected = new Float64Array(gradients[0]?.length ?? 0);
    gradients.forEach((gradient, at) => {
      const factor = Math.min(1, clipNorm / (lengths[at] ?? 1));
      gradient.forEach((value, place) => {
        expected[place] = (expected[place] ?? 0) + factor * value;
      });
    });
    const { sum } = await opened.clippedSum(chosen, clipNorm);
    // The clip norm is kept a hundred-thousandth below its name, against rounding.
    expect(distance(sum, expected)).toBeLessThan(2e-5 * lengthOf(expected));
  }
});

test('without noise and clipping it is ordinary gradient descent on the same samples', async () => {
  const { values, update, record } = await relearnPrivately(study, { ...all, random: seededBytes(1) });
  const random = seededBytes(1);
  const expected = new Map([...start].map(([name, data]) => [name, data.slice()]));
  for (let step = 0; step < all.steps; step += 1) {
    const gradients = await windowGradients(study, {
      values: expected,
      chosen: poissonSample(first, all.samplingRate, random),
      trainable,
    });
    let place = 0;
    for (const [name, data] of expected) {
      if (!trainable(groupOf(name))) continue;
      for (let at = 0; at < data.length; at += 1, place += 1) {
        const sum = gradients.reduce((total, gradient) => total + (gradient[place] ?? 0), 0);
        data[at] = (data[at] ?? 0) - (all.learningRate * sum) / all.expectedCustomers;
      }
    }
  }
  for (const [name, data] of expected) {
    const moved = values.get(name) ?? [];
    if (!trainable(groupOf(name))) expect(moved, name).toEqual(start.get(name));
    else {
      const way = distance(data, start.get(name) ?? []);
      expect(way, name).toBeGreaterThan(0);
      expect(distance(moved, data), name).toBeLessThan(1e-4 * way + 1e-6);
      expect(update.get(name), name).toEqual(
        values.get(name)?.map((value, at) => value - (start.get(name)?.[at] ?? 0)),
      );
    }
  }
  expect([...update.keys()].every((name) => trainable(groupOf(name)))).toBe(true);
  expect(record).toEqual({ noiseMultiplier: 0, samplingRate: 0.3, steps: 3 });
});

test('one customer more or less changes a clipped sum by at most the clip norm', async () => {
  const sample = fc.tuple(
    fc.uniqueArray(fc.nat(customers - 1), { minLength: 1, maxLength: 20 }),
    fc.double({ min: -7, max: 3, noNaN: true }),
    fc.double({ min: -1, max: 1, noNaN: true }),
    fc.nat(),
  );
  const positions = Array.from(opened.places, ({ name }) => start.get(name) ?? new Float32Array());
  await fc.assert(
    fc.asyncProperty(sample, async ([members, logClipNorm, logScale, place]) => {
      const windows = Int32Array.from(members, (customer) => first[customer] ?? 0);
      const without = windows.filter((_, at) => at !== place % windows.length);
      // Parameters of other sizes give gradients of other lengths.
      opened.moveTo(
        Float32Array.from(
          positions.flatMap((data) => [...data]),
          (value) => value * 10 ** logScale,
        ),
      );
      const clipNorm = 10 ** logClipNorm;
      const [{ sum }, { sum: others }] = [
        await opened.clippedSum(windows, clipNorm),
        await opened.clippedSum(without, clipNorm),
      ];
      expect(distance(sum, others)).toBeLessThanOrEqual(clipNorm);
    }),
    { numRuns: 40 },
  );
  opened.moveTo(Float32Array.from(positions.flatMap((data) => [...data])));
});

test('no sampled customer is left out, however small the compiled batch', async () => {
  const reports: PrivateStepReport[] = [];
  const run = (batchSize: number): Promise<unknown> =>
    relearnPrivately(study, {
      ...all,
      batchSize,
      random: seededBytes(4),
      clipNorm: 0.05,
      onStep: (report) => reports.push(report),
    });
  await run(3);
  await run(64);
  const [small, large] = [reports.slice(0, all.steps), reports.slice(all.steps)];
  expect(Math.min(...small.map((report) => report.customers))).toBeGreaterThan(3);
  for (const [step, report] of small.entries()) {
    expect(report).toEqual({ ...large[step], loss: expect.closeTo(large[step]?.loss ?? 0, 4) });
  }
});

test('a step nobody was sampled for still gets its noise', async () => {
  const sums: number[] = [];
  const { update } = await relearnPrivately(study, {
    ...all,
    steps: 2,
    samplingRate: 1e-9,
    expectedCustomers: 1,
    learningRate: 1,
    clipNorm: 2,
    noiseMultiplier: 3,
    addNoise: (sum, { step, sensitivity, noiseMultiplier }) => {
      sums.push(lengthOf(sum));
      sum.fill(step * sensitivity * noiseMultiplier);
    },
  });
  expect(sums).toEqual([0, 0]);
  for (const data of update.values()) for (const value of data) expect(value).toBeCloseTo(-18, 4);
});

test('the record is what the accountant takes', async () => {
  const { record } = await relearnPrivately(study, { ...all, noiseMultiplier: 2, steps: 1, clipNorm: 1 });
  expect(privacyLoss([record], 1e-5).epsilon).toBeCloseTo(
    privacyLoss([{ noiseMultiplier: 2, samplingRate: 0.3, steps: 1 }], 1e-5).epsilon,
    12,
  );
});

test('private steps learn: with mild noise the loss falls', async () => {
  const losses: number[] = [];
  const random = seededRandom(8, 'noise');
  await relearnPrivately(study, {
    ...all,
    values: freshValues(config, 1),
    samplingRate: 0.5,
    expectedCustomers: 0.5 * customers,
    steps: 60,
    clipNorm: 1,
    noiseMultiplier: 0.1,
    learningRate: 0.3,
    random: seededBytes(3),
    addNoise: (sum, { sensitivity, noiseMultiplier }) =>
      sum.forEach((value, at) => (sum[at] = value + sensitivity * noiseMultiplier * random.normal())),
    onStep: ({ loss }) => losses.push(loss),
  });
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean(losses.slice(-10))).toBeLessThan(mean(losses.slice(0, 10)) - 0.1);
});

test.each([
  [{ trainable: () => false }, /No group is trained/],
  [{ samplingRate: 0 }, /samplingRate 0/],
  [{ samplingRate: 1.1 }, /samplingRate 1.1/],
  [{ steps: 1.5, clipNorm: 0 }, /steps 1.5.*clipNorm 0/],
  [{ noiseMultiplier: Number.NaN }, /noiseMultiplier NaN/],
  [{ expectedCustomers: 0 }, /expectedCustomers 0/],
  [{ modalities: [] }, /no modality/],
  [{ values: new Map() }, /is missing/],
])('%o is refused', async (fault, message) => {
  await expect(relearnPrivately(study, { ...all, ...fault })).rejects.toThrow(message);
});
