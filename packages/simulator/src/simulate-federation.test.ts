import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noisySumRules, type PlanPrivacy, type PlanTemplate } from '@noren/protocol';
import { noisyQuantiserFor } from '@noren/secure-aggregation';
import { describe, expect, onTestFinished, test } from 'vitest';
import { plainLineage, type Lineage } from './lineage.ts';
import { seededVector } from './seeded-random.ts';
import { simulateFederation, type SimulatedRound, type SimulationOptions } from './simulate-federation.ts';

function simulate(o: Omit<SimulationOptions, 'folder'>): ReturnType<typeof simulateFederation> {
  const folder = mkdtempSync(join(tmpdir(), 'noren-simulation-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return simulateFederation({ folder, ...o });
}

test('without faults every site is in every sum, which is exact', async () => {
  const rounds = await simulate({ sites: 4, rounds: 3, seed: 1 });
  const everyone = ['site-001', 'site-002', 'site-003', 'site-004'];
  expect(rounds).toHaveLength(3);
  for (const round of rounds) {
    expect(round).toMatchObject({ outcome: 'accepted', cohort: everyone, survivors: everyone, sumIsExact: true });
  }
});

test('values of twelve bits travel in fourteen, with the weight and the count of clipped updates, and sum exactly', async () => {
  const lineage = plainLineage(1000);
  const plan = { ...lineage.plan, update: { ...lineage.plan.update, valueBits: 12 } };
  const [round] = await simulate({ sites: 4, rounds: 1, seed: 1, lineage: { ...lineage, plan } });
  expect(round).toMatchObject({ outcome: 'accepted', sumIsExact: true });
  expect(round?.bytesUp).toBe(4 * Math.ceil((1002 * 14) / 8));
});

test('sites that fall silent or fail after the key exchange are missing from the sum and nothing else', async () => {
  const seed = 5;
  const rounds = await simulate({
    sites: 7,
    rounds: 2,
    seed,
    faults: { dropAfterKeys: 0.15, failRelearning: 0.1, failEvaluation: 0.1 },
  });
  for (const round of rounds) {
    const { outcome, sumIsExact, survivors, dropped } = round;
    expect({ seed, outcome, sumIsExact }).toEqual({ seed, outcome: 'accepted', sumIsExact: true });
    expect(survivors.length).toBeGreaterThanOrEqual(5);
    for (const { site } of dropped) expect(round.cohort).toContain(site);
  }
  expect(rounds.some(({ survivors }) => survivors.length < 7)).toBe(true);
});

test('a federation too small for its threshold fails the round and says why', async () => {
  const [round] = await simulate({ sites: 3, rounds: 1, seed: 2, faults: { failRelearning: 1 } });
  expect(round).toMatchObject({ outcome: 'failed', sumIsExact: null, reason: expect.stringMatching(/too few/) });
});

test('a robust plan’s groups mask, drop out and open each for itself, with rotated values of few bits on the wire', async () => {
  const seed = 3;
  const lineage = plainLineage(3000);
  const plan: PlanTemplate = {
    ...lineage.plan,
    update: { ...lineage.plan.update, valueBits: 12, rotation: true },
    aggregation: { profile: 'robust', groupSize: 4, combine: 'geometric-median' },
    cohort: { minimumSites: 12, quorum: 0.5 },
    deadlines: { ...lineage.plan.deadlines, relearning: 6 },
  };
  const faults = { dropAfterKeys: 0.1 };
  const policy = { smallGroups: true };
  const rounds = await simulate({ sites: 17, rounds: 2, seed, lineage: { ...lineage, plan }, faults, policy });
  for (const { outcome, reason, sumIsExact, sums, survivors } of rounds) {
    expect({ seed, outcome, reason, sumIsExact }).toMatchObject({ outcome: 'accepted', sumIsExact: true });
    expect(sums.length).toBeGreaterThanOrEqual(3);
    for (const { sum } of sums) expect(sum).toHaveLength(4096 + 2);
    expect(survivors.length).toBeLessThanOrEqual(17);
  }
  expect(rounds.some(({ dropped }) => dropped.length > 0)).toBe(true);
});

describe('private rounds', () => {
  const length = 2000;
  const privacy: PlanPrivacy = {
    unit: 'customer',
    mode: 'distributed',
    clipNorm: 0.1,
    noiseMultiplier: 2,
    samplingRate: 0.5,
    customers: 400,
    delta: 1e-4,
    minimumHonest: 3,
    colluding: 0,
    sitesPerCustomer: 1,
    homes: null,
  };

  function lineageOf(change: Partial<PlanPrivacy>): Lineage {
    const lineage = plainLineage(length, 'sequence.position');
    // No site falls silent here, so a busy machine may take its time.
    const deadlines = { recruiting: 60, keys: 60, relearning: 60, unmasking: 60, evaluating: 60 };
    return { ...lineage, plan: { ...lineage.plan, deadlines, privacy: { ...privacy, ...change } } };
  }

  /** Opened minus what the survivors' seeded updates add up to, in quanta: rounding and noise. */
  function noiseIn({ sums: [opened], survivors }: SimulatedRound, seed: number, scale: number): number[] {
    const sum = opened?.sum ?? null;
    const sites = survivors.map((site) => seededVector(length, seed, 'update', site, 1));
    return Array.from(sum?.subarray(0, length) ?? [], (quanta, at) => {
      const exact = sites.reduce((total, site) => total + Math.fround((site[at] ?? 0) / Math.sqrt(length)), 0);
      return quanta - exact * scale;
    });
  }

  test.each([
    ['distributed', 5],
    ['local', 5],
    ['central', 0],
  ] as const)('an opened sum has the stated noise and nothing else: %s, the noise of %i sites', async (mode, parts) => {
    const seed = 11;
    const lineage = lineageOf({ mode });
    const policy = { privacyModes: [mode], privacyBudget: { epsilon: 10, delta: 1e-4 } };
    const [round] = await simulate({ sites: 5, rounds: 1, seed, lineage, policy });
    expect(round).toMatchObject({ outcome: 'accepted', reason: expect.stringMatching(/tells nobody/) });
    // What the sites kept is what they sent, noise included; a coordinator's noise comes on top.
    expect(round?.sumIsExact).toBe(mode !== 'central');
    const plan = { ...lineage.plan, vectorLength: length };
    const { scale, siteNoise, coordinatorNoise } = noisyQuantiserFor(
      noisySumRules(plan, { ...privacy, mode }, round?.cohort.length ?? 0),
    );
    const noise = noiseIn(round as SimulatedRound, seed, scale);
    const deviation = Math.hypot(siteNoise * Math.sqrt(parts), coordinatorNoise);
    const chiSquare = noise.reduce((total, value) => total + (value / deviation) ** 2, 0);
    // 2000 degrees of freedom: six standard deviations of the statistic.
    expect(Math.abs(chiSquare - length)).toBeLessThan(6 * Math.sqrt(2 * length));
    const mean = noise.reduce((total, value) => total + value, 0) / length;
    expect(Math.abs(mean)).toBeLessThan((6 * deviation) / Math.sqrt(length));
    // The two extra elements say how many sites there were, and nothing of who was clipped.
    expect([...(round?.sums[0]?.sum.subarray(length) ?? [])]).toEqual([5, 0]);
  });

  test('with a site lost the noise is still what was asked for', async () => {
    const seed = 4;
    const lineage = lineageOf({ minimumHonest: 3, colluding: 1 });
    const plan = { ...lineage.plan, cohort: { minimumSites: 4, quorum: 0.3 } };
    const faults = { failRelearning: 0.15 };
    const [short] = await simulate({ sites: 6, rounds: 1, seed, lineage: { ...lineage, plan }, faults });
    expect(short).toMatchObject({ outcome: 'accepted', survivors: { length: 5 } });
    const rules = noisySumRules(
      { ...plan, vectorLength: length },
      { ...privacy, minimumHonest: 3, colluding: 1 },
      short?.cohort.length ?? 0,
    );
    const { scale, sensitivity } = noisyQuantiserFor(rules);
    const noise = noiseIn(short as SimulatedRound, seed, scale);
    const variance = noise.reduce((total, value) => total + value ** 2, 0) / length;
    expect(variance).toBeGreaterThan((privacy.noiseMultiplier * sensitivity) ** 2);
  });

  test('when the budget is gone the sites refuse, and say what it would have cost', async () => {
    const policy = { privacyBudget: { epsilon: 2, delta: 1e-4 } };
    const rounds = await simulate({ sites: 3, rounds: 2, seed: 1, lineage: lineageOf({ samplingRate: 1 }), policy });
    expect(rounds.map(({ outcome }) => outcome)).toEqual(['accepted', 'failed']);
    expect(rounds[1]?.refused[0]?.reason).toMatch(/the privacy spent would be epsilon .* this site's budget is 2/);
  });
});
