import { expect, test } from 'vitest';

import { inspectGroups, type GroupInspection } from './hygiene.ts';

const LENGTH = 500;
const inspect = (means: readonly Float32Array[]): Promise<readonly GroupInspection[]> =>
  inspectGroups(means, () => Promise.resolve());

/** A common direction and as much of the group's own. */
const group = (k: number, own = 0.5): Float32Array =>
  Float32Array.from({ length: LENGTH }, (_, i) => Math.sin(i) + own * Math.sin(k * 1000 + i * i));
const groups = (count: number): Float32Array[] => Array.from({ length: count }, (_, k) => group(k + 1));

test('groups of a kind pass, and each is close to their median', async () => {
  for (const { fault, outlying, cosine } of await inspect(groups(8))) {
    expect({ fault, outlying }).toEqual({ fault: null, outlying: false });
    expect(cosine).toBeGreaterThan(0.7);
  }
});

test('groups that agree in nothing but noise pass: after many rounds there is little else', async () => {
  const noise = Array.from({ length: 6 }, (_, k) =>
    Float32Array.from({ length: LENGTH }, (_, i) => Math.sin((k + 1) * 7919 + i * i * (k + 2))),
  );
  expect((await inspect(noise)).map(({ fault }) => fault)).toEqual([null, null, null, null, null, null]);
});

test.each([
  ['not finite', (mean: Float32Array) => mean.fill(Number.NaN, 3, 4), 'not finite'],
  ['infinite', (mean: Float32Array) => mean.fill(Infinity, 3, 4), 'not finite'],
  ['five times as large', (mean: Float32Array) => mean.map((value) => 5 * value), 'more than 4 times'],
  ['reversed', (mean: Float32Array) => mean.map((value) => -value), 'points against'],
])('a group that is %s is at fault, and no other', async (_, spoil, why) => {
  const means = groups(7);
  means[2] = spoil(means.at(2)!);
  const inspections = await inspect(means);
  expect(inspections.at(2)!.fault).toContain(why);
  expect(inspections.map(({ outlying }) => outlying)).toEqual([false, false, true, false, false, false, false]);
});

test('a group with less in common than the others stands out, and may count', async () => {
  const means = groups(9);
  means[4] = group(5, 3);
  const inspections = await inspect(means);
  expect(inspections.at(4)).toMatchObject({ fault: null, outlying: true });
  expect(inspections.filter(({ outlying }) => outlying).length).toBe(1);
});

test('of one or two groups only what is not finite can be told', async () => {
  const [one] = groups(1);
  const reversed = one!.map((value) => -100 * value);
  expect((await inspect([one!, reversed])).map(({ fault, cosine }) => [fault, cosine])).toEqual([
    [null, null],
    [null, null],
  ]);
  expect((await inspect([new Float32Array([Number.NaN])])).at(0)!.fault).toContain('not finite');
});

test('where nobody has moved there is no direction and no fault', async () => {
  const still = Array.from({ length: 4 }, () => new Float32Array(10));
  expect(await inspect(still)).toEqual(still.map(() => ({ norm: 0, cosine: null, fault: null, outlying: false })));
});
