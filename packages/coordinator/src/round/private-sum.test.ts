import type { PlanPrivacy } from '@noren/protocol';
import { addNoise, encodeNoisySum } from '@noren/secure-aggregation';
import { describe, expect, test } from 'vitest';

import { clippingEvidence } from './clip-norm.ts';
import { freshNoise } from './coordinator-noise.ts';
import { addCoordinatorNoise, decodePrivateSum, privateQuantiser } from './private-sum.ts';
import type { PrivateMean } from './private-sum.ts';

const plan = { vectorLength: 400, update: { clipNorm: 20, maximumWeight: 1 } };
const privacy: PlanPrivacy = {
  unit: 'customer',
  mode: 'distributed',
  clipNorm: 1,
  noiseMultiplier: 1,
  samplingRate: 0.1,
  customers: 5000,
  delta: 1e-5,
  minimumHonest: 4,
  colluding: 0,
  sitesPerCustomer: 1,
  homes: null,
};
const quantiser = privateQuantiser(plan, privacy, 4);
const yieldTurn = (): Promise<void> => Promise.resolve();
const decode = (sum: Int32Array, survivors = 4): Promise<PrivateMean> =>
  decodePrivateSum(sum, { privacy, quantiser, survivors, yieldTurn });

/** Sums of four sites that all put their whole norm in one direction. */
function largestSum(): Int32Array {
  const sum = new Int32Array(plan.vectorLength + 2);
  for (let site = 0; site < 4; site++) {
    const elements = encodeNoisySum({ vector: new Float32Array(plan.vectorLength).fill(1), count: null }, quantiser);
    elements.forEach((value, at) => (sum[at] = (sum[at] ?? 0) + value));
  }
  return sum;
}

test('a sum is divided by what is expected, not by what was there', async () => {
  const { meanUpdate, norm } = await decode(largestSum());
  // Four vectors of norm 20, over 500 expected customers.
  expect(norm).toBeCloseTo((4 * 20) / 500, 4);
  expect(meanUpdate[7]).toBeCloseTo((4 * 20) / Math.sqrt(400) / 500, 6);
});

test('the bound on the norm leaves room for the noise, and for no more', async () => {
  const noisy = largestSum();
  const root = Math.sqrt(plan.vectorLength);
  const noise = quantiser.siteNoise * 2;
  // As long as noise gets, and along the sum: length noise * (root + 12), spread over all elements.
  addNoise(noisy, new Int32Array(plan.vectorLength).fill(Math.floor((noise * (root + 12)) / root)));
  await expect(decode(noisy)).resolves.toBeDefined();
  addNoise(noisy, new Int32Array(plan.vectorLength).fill(noise));
  // Which bound it is above, and not by how much.
  const message = expect.stringMatching(/the norm of its sum is above the [\d.]+ that/);
  await expect(decode(noisy)).rejects.toMatchObject({ code: 'unsound-aggregate', message });
});

test('a sum that is not of the survivors is refused', async () => {
  await expect(decode(largestSum(), 3)).rejects.toThrow(/not that of 3 sites/);
  const clippedTold = largestSum();
  clippedTold[plan.vectorLength + 1] = 2;
  await expect(decode(clippedTold)).rejects.toThrow(/private round/);
});

test('where the sites add the noise the coordinator adds none', async () => {
  const sum = largestSum();
  const before = sum.slice();
  await addCoordinatorNoise(sum, quantiser, freshNoise, yieldTurn);
  expect(sum).toEqual(before);
  await addCoordinatorNoise(sum, privateQuantiser(plan, { ...privacy, mode: 'central' }, 4), freshNoise, yieldTurn);
  expect(sum).not.toEqual(before);
});

describe('a clip norm that adapts', () => {
  const small = { vectorLength: 3, update: plan.update };
  const counting: PlanPrivacy = {
    ...privacy,
    mode: 'central',
    clipping: { kind: 'adaptive', quantile: 0.5, learningRate: 0.2, countNoise: 25, minimum: 0.01, maximum: 10 },
  };
  const counter = privateQuantiser(small, counting, 4);

  async function opened(counts: readonly number[]): Promise<number> {
    const sum = new Int32Array(small.vectorLength + 2);
    for (const count of counts) {
      const elements = encodeNoisySum({ vector: new Float32Array(small.vectorLength), count }, counter);
      elements.forEach((value, at) => (sum[at] = (sum[at] ?? 0) + value));
    }
    await addCoordinatorNoise(sum, counter, freshNoise, yieldTurn);
    const o = { privacy: counting, quantiser: counter, survivors: counts.length, yieldTurn };
    return (await decodePrivateSum(sum, o)).count ?? Number.NaN;
  }

  test('the count comes out of the sum with the noise that the plan says, and nothing else', async () => {
    const rounds = 400;
    const errors: number[] = [];
    for (let round = 0; round < rounds; round += 1) errors.push((await opened([40, -12.5, 3, 0.5])) - 31);
    const mean = errors.reduce((total, error) => total + error, 0) / rounds;
    const variance = errors.reduce((total, error) => total + error ** 2, 0) / rounds;
    // Of fresh randomness: eight standard deviations of each. Rounding and margin make the noise a little larger.
    expect(Math.abs(mean)).toBeLessThan((8 * 25) / Math.sqrt(rounds));
    expect(Math.abs(variance / 25 ** 2 - 1)).toBeLessThan(8 * Math.sqrt(2 / rounds));
  });

  test('the evidence is the noised share of all sums, and the next norm; with a fixed norm there is none', () => {
    // 500 are expected: 100 more than half of them are 70 %.
    const evidence = clippingEvidence(counting, [{ count: 130 }, { count: -30 }]);
    expect(evidence?.unclipped).toBeCloseTo(0.7, 12);
    expect(evidence?.clipNorm).toBeCloseTo(Math.exp(-0.2 * 0.2), 12);
    expect(clippingEvidence(privacy, [{ count: null }])).toBeNull();
  });
});
