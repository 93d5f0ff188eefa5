import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epsilonSpent, readPrivacyLedger, type Relearned, type RoundJob } from '@noren/agent';
import { INTEGER_ORDERS, privacyLoss } from '@noren/privacy';
import { noisySumRules, privacyCost, type PlanPrivacy, type TreePlace } from '@noren/protocol';
import { noisyQuantiserFor } from '@noren/secure-aggregation';
import { expect, onTestFinished, test } from 'vitest';
import { plainLineage } from './lineage.ts';
import { seededVector } from './seeded-random.ts';
import { SeededTrainer } from './seeded-trainer.ts';
import { simulateFederation } from './simulate-federation.ts';

const length = 2000;
const seed = 7;
const lost = 3;

const privacy: PlanPrivacy = {
  unit: 'customer',
  mode: 'central',
  mechanism: { kind: 'tree', rounds: 5, sites: 5 },
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

/** Cannot re-learn in one of the rounds. */
class Failing extends SeededTrainer {
  readonly #heard: (place: TreePlace | undefined) => void;

  constructor(site: string, heard: (place: TreePlace | undefined) => void) {
    super(seed, site);
    this.#heard = heard;
  }

  override relearn(job: RoundJob): Promise<Relearned> {
    this.#heard(job.plan.privacy?.mechanism?.place);
    return job.plan.round === lost ? Promise.reject(new Error('a fault of this round')) : super.relearn(job);
  }
}

test('rounds that share a tree carry together the noise of a few nodes, through a lost round and a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'noren-tree-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const lineage = plainLineage(length, 'sequence.position');
  const deadlines = { recruiting: 60, keys: 60, relearning: 60, unmasking: 60, evaluating: 60 };
  const plan = { ...lineage.plan, deadlines, privacy };
  const rounds = 7;
  const places: (TreePlace | undefined)[] = [];
  const simulated = await simulateFederation({
    folder,
    sites: 4,
    rounds,
    seed,
    lineage: { ...lineage, plan },
    trainer: (site, at) => new Failing(site, (place) => void (at === 0 && places.push(place))),
    policy: { privacyModes: ['central'], privacyBudget: { epsilon: 100, delta: 1e-4 } },
    restartAfter: 4,
  });
  expect(simulated.map(({ outcome }) => outcome)).toEqual(
    Array.from({ length: rounds }, (_, at) => (at + 1 === lost ? 'failed' : 'accepted')),
  );
  expect(places.map((place) => place?.leaf)).toEqual([1, 2, 3, 4, 5, 1, 2]);
  expect(new Set(places.map((place) => place?.tree)).size).toBe(2);

  const { scale, coordinatorNoise } = noisyQuantiserFor(noisySumRules({ ...plan, vectorLength: length }, privacy, 4));
  const noiseOf = new Map(
    simulated.map(({ number, sums: [opened], survivors }) => {
      const sites = survivors.map((site) => seededVector(length, seed, 'update', site, number));
      const noise = Array.from(opened?.sum.subarray(0, length) ?? [], (quanta, at) => {
        const exact = sites.reduce((total, site) => total + Math.fround((site[at] ?? 0) / Math.sqrt(length)), 0);
        return quanta - exact * scale;
      });
      return [number, noise];
    }),
  );
  const nodesIn = (opened: readonly number[]): number => {
    const together = new Float64Array(length);
    for (const number of opened)
      noiseOf.get(number)?.forEach((value, at) => (together[at] = (together[at] ?? 0) + value));
    return together.reduce((total, value) => total + (value / coordinatorNoise) ** 2, 0) / length;
  };
  // After t rounds as many nodes as t has binary digits 1; the second tree's are its own. Fresh noise would be one a round.
  for (const [opened, nodes] of [
    [[1], 1],
    [[1, 2], 1],
    [[1, 2, 4], 1],
    [[1, 2, 4, 5], 2],
    [[4, 5], 3],
    [[6], 1],
    [[6, 7], 1],
    [[1, 2, 4, 5, 6, 7], 3],
  ] as const) {
    // A chi-square with 2000 degrees of freedom, of fresh randomness: eight standard deviations.
    expect(Math.abs(nodesIn(opened) / nodes - 1), `rounds ${opened.join(' ')}`).toBeLessThan(8 * Math.sqrt(2 / length));
  }

  // The secret of the tree that is over is gone, the other's is for the coordinator alone.
  const noise = join(folder, 'coordinator', 'noise');
  expect(readdirSync(noise)).toEqual([places.at(-1)?.tree]);
  expect(statSync(join(noise, places.at(-1)?.tree ?? '')).mode & 0o777).toBe(0o600);

  // Two trees were begun, and are paid for: what `noren plan privacy` counts for as many rounds.
  const { histories, rounds: counted } = await readPrivacyLedger(join(folder, 'site-001'));
  const history = histories.get('customers') ?? [];
  expect(counted.get('customers')).toBe(rounds);
  expect(history).toEqual([privacyCost(privacy, rounds)]);
  expect(epsilonSpent(history, 1e-4)).toBe(privacyLoss([privacyCost(privacy, rounds)], 1e-4, INTEGER_ORDERS).epsilon);
});
