import type { Sequences } from '@noren/dataset';
import { expect, test } from 'vitest';
import { modalities } from '../config/recommender-config.ts';
import { groupOf } from '../parameters/groups.ts';
import { freshValues } from '../parameters/start-values.ts';
import type { ModelValues } from '../parameters/values.ts';
import { seededRandom } from '../random/seeded-random.ts';
import { prepareStudy, type Study } from '../study/study.ts';
import { seededBytes } from '../testing/seeded-bytes.ts';
import { tinyConfig, tinyFeatures, tinySequences } from '../testing/tiny-study.ts';
import { customerGradientSum, type CustomerGradientSumOptions } from './customer-gradient-sum.ts';

const ITEMS = 40;
const config = { ...tinyConfig, maximumLength: 5 };
const features = tinyFeatures(config, ITEMS);
const start: ModelValues = new Map(
  [...freshValues(config, 1)].map(([name, data]) => {
    const random = seededRandom(2, name);
    return [name, data.map((value) => value + 0.1 * random.normal())];
  }),
);

const options: CustomerGradientSumOptions = {
  values: start,
  trainable: (group) => group.startsWith('sequence.') || group === 'item.norm',
  modalities,
  samplingRate: 0.7,
  clipNorm: 0.05,
  random: seededBytes(1),
};

const studyOf = (sequences: Sequences): Study => prepareStudy({ config, features, sequences, seed: 1 });

const whole = tinySequences(40, ITEMS);

/** The same customers with `last` at the end, or without that one: the draws of all the others are the same in both. */
function arranged(last: number, kept: boolean): Sequences {
  const order = [...whole.customers.keys()].filter((customer) => customer !== last);
  if (kept) order.push(last);
  const rows = order.map((customer) => [...whole.items.subarray(whole.offsets[customer], whole.offsets[customer + 1])]);
  const offsets = Int32Array.from([0, ...rows.map((_, row) => rows.slice(0, row + 1).flat().length)]);
  return {
    customers: order.map((customer) => whole.customers[customer] ?? ''),
    offsets,
    items: Int32Array.from(rows.flat()),
    times: Float64Array.from(rows.flat(), (_, at) => at),
  };
}

function distance(a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>): number {
  return Math.hypot(
    ...[...a].flatMap(([name, data]) => Array.from(data, (value, at) => value - (b.get(name)?.[at] ?? 0))),
  );
}

test.each([0, 7, 13, 26])(
  'of two sites that differ in customer %i alone, the sums differ by the clip norm at most',
  async (customer) => {
    for (const clipNorm of [0.05, 100]) {
      // A small batch, so that the customer changes who shares a batch with whom.
      const sums = [true, false].map((kept) =>
        customerGradientSum(studyOf(arranged(customer, kept)), {
          ...options,
          samplingRate: 1,
          clipNorm,
          batchSize: 7,
          random: seededBytes(5),
        }),
      );
      const [full, without] = await Promise.all(sums);
      expect(full?.customers).toBe(40);
      expect(without?.customers).toBe(39);
      const moved = distance(full?.sum ?? new Map(), without?.sum ?? new Map());
      expect(moved).toBeGreaterThan(0);
      expect(moved).toBeLessThanOrEqual(clipNorm);
      // At 0.05 everybody is clipped, so that the customer moves the sum by all it may, but for rounding.
      if (clipNorm < 1) expect(moved).toBeGreaterThan(0.999 * clipNorm);
    }
  },
);

test('who does not count enters no sum, and changes nobody else’s chance', async () => {
  const study = studyOf(whole);
  const run = (counts?: (customer: number) => boolean): ReturnType<typeof customerGradientSum> =>
    customerGradientSum(study, { ...options, random: seededBytes(9), ...(counts === undefined ? {} : { counts }) });
  const [all, even, odd, nobody] = [
    await run(),
    await run((customer) => customer % 2 === 0),
    await run((customer) => customer % 2 === 1),
    await run(() => false),
  ];
  expect(even.customers + odd.customers).toBe(all.customers);
  expect(nobody.customers).toBe(0);
  for (const data of nobody.sum.values()) expect(data.every((value) => value === 0)).toBe(true);
  const parts = new Map(
    [...even.sum].map(([name, data]) => [name, data.map((value, at) => value + (odd.sum.get(name)?.[at] ?? 0))]),
  );
  expect(distance(all.sum, parts)).toBeLessThan(1e-5);
  expect([...all.sum.keys()].every((name) => options.trainable(groupOf(name)))).toBe(true);
});

test.each([
  [{ samplingRate: 0 }, /Sampling rate 0/],
  [{ clipNorm: 0 }, /clip norm 0/],
  [{ modalities: [] }, /0 modalities/],
  [{ trainable: () => false }, /No group is trained/],
])('%o is refused', async (fault, message) => {
  await expect(customerGradientSum(studyOf(whole), { ...options, ...fault })).rejects.toThrow(message);
});
