import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { plainLineage } from './lineage.ts';
import { simulateFederation, type SimulationOptions } from './simulate-federation.ts';

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
