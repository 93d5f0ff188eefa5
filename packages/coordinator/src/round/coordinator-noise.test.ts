import { createHash } from 'node:crypto';
import type { PlanPrivacy } from '@noren/protocol';
import { expect, test } from 'vitest';

import type { NoiseKeys } from '../noise/noise-keys.ts';
import { noiseSource } from './coordinator-noise.ts';

const tree = 'ab'.repeat(16);
const variance = { numerator: 900n, denominator: 1n };
const length = 1000;

const keysOf = (seed: number): NoiseKeys => ({
  begin: () => Promise.resolve(tree),
  has: () => Promise.resolve(true),
  key: () => Promise.resolve(createHash('sha256').update(String(seed)).digest()),
});

function privacyAt(leaf: number): PlanPrivacy {
  return {
    unit: 'customer',
    mode: 'central',
    mechanism: { kind: 'tree', rounds: 32, sites: 5, place: { tree, leaf } },
    clipNorm: 1,
    noiseMultiplier: 1,
    samplingRate: 1 / 32,
    customers: 1000,
    delta: 1e-5,
    minimumHonest: 3,
    colluding: 0,
    sitesPerCustomer: 1,
    homes: null,
  };
}

/** One round's noise as a process makes it that has just started. */
async function noise(opened: number, leaf: number, seed = 1): Promise<Float64Array> {
  const next = (await noiseSource(privacyAt(leaf), opened, keysOf(seed)))(variance);
  return Float64Array.from({ length }, next);
}

const squares = (vector: Float64Array): number => vector.reduce((sum, value) => sum + value ** 2, 0) / 900 / length;

test('all rounds together carry the noise of as many nodes as their number has digits 1, restarted before each', async () => {
  const sum = new Float64Array(length);
  let opened = 0;
  // The rounds of the leaves 5, 6 and 12 failed before their sum was open.
  for (const leaf of [1, 2, 3, 4, 7, 8, 9, 10, 11, 13]) {
    (await noise(opened, leaf)).forEach((value, at) => (sum[at] = (sum[at] ?? 0) + value));
    opened = leaf;
    const nodes = leaf.toString(2).replaceAll('0', '').length;
    // Six standard deviations of a chi-square, with a fixed secret.
    expect(Math.abs(squares(sum) / nodes - 1), `leaf ${leaf}`).toBeLessThan(6 * Math.sqrt(2 / length));
  }
});

test('a sum that is opened again after a crash gets the same noise, and another secret other noise', async () => {
  expect(await noise(4, 7)).toEqual(await noise(4, 7));
  expect(await noise(4, 7, 2)).not.toEqual(await noise(4, 7));
});

test('a round of a tree has one sum; a round without has noise of its own each time', async () => {
  const source = await noiseSource(privacyAt(3), 2, keysOf(1));
  source(variance);
  expect(() => source(variance)).toThrow(expect.objectContaining({ code: 'plan-mismatch' }));
  const fresh = await noiseSource(null, 0, keysOf(1));
  const [first, second] = [fresh(variance), fresh(variance)].map((next) => Float64Array.from({ length }, next));
  expect(first).not.toEqual(second);
});
