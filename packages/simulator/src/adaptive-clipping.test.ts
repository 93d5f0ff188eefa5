import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epsilonSpent, readPrivacyLedger, type Relearned, type RoundJob } from '@noren/agent';
import { INTEGER_ORDERS, privacyLoss } from '@noren/privacy';
import type { PlanPrivacy } from '@noren/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { plainLineage, type Lineage } from './lineage.ts';
import { seededShare } from './seeded-random.ts';
import { SeededTrainer } from './seeded-trainer.ts';
import { simulateFederation } from './simulate-federation.ts';

const length = 20;
const sites = 4;
const seed = 3;
const shoppersOfSite = 250;

const privacy: PlanPrivacy = {
  unit: 'customer',
  mode: 'distributed',
  clipNorm: 20,
  clipping: { kind: 'adaptive', quantile: 0.7, learningRate: 1.5, countNoise: 10, minimum: 0.01, maximum: 40 },
  noiseMultiplier: 2,
  samplingRate: 1,
  customers: sites * shoppersOfSite,
  delta: 1e-5,
  minimumHonest: 3,
  colluding: 0,
  sitesPerCustomer: 1,
  homes: null,
};

/** Norms of the gradients of one site's customers, from e^-2 to e. */
function normsAt(site: string): number[] {
  return Array.from({ length: shoppersOfSite }, (_, customer) =>
    Math.exp(3 * seededShare(seed, 'norm', site, customer) - 2),
  );
}

/** Knows its customers' gradients: all in one direction, each with its own norm. */
class KnownGradients extends SeededTrainer {
  readonly #norms: number[];
  readonly #heard: (clipNorm: number) => void;

  constructor(site: string, heard: (clipNorm: number) => void) {
    super(seed, site);
    this.#norms = normsAt(site);
    this.#heard = heard;
  }

  override relearn({ plan }: RoundJob): Promise<Relearned> {
    const clipNorm = plan.privacy?.clipNorm ?? Number.NaN;
    this.#heard(clipNorm);
    const sum = this.#norms.reduce((total, norm) => total + Math.min(norm, clipNorm), 0);
    const update = new Float32Array(length);
    update[0] = sum;
    const unclipped = this.#norms.filter((norm) => norm <= clipNorm).length - this.#norms.length / 2;
    return Promise.resolve({ update, examples: 1, unclipped });
  }
}

function lineage(): Lineage {
  const made = plainLineage(length, 'sequence.position');
  const deadlines = { recruiting: 60, keys: 60, relearning: 60, unmasking: 60, evaluating: 60 };
  const update = { clipNorm: 300 * privacy.clipNorm, maximumWeight: 1 };
  return { ...made, plan: { ...made.plan, deadlines, update, privacy } };
}

test('the clip norm comes to the quantile of the gradients, through a restart, and each round costs what the plan says', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'noren-clipping-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const rounds = 14;
  const heard: number[] = [];
  const simulated = await simulateFederation({
    folder,
    sites,
    rounds,
    seed,
    lineage: lineage(),
    trainer: (site, place) => new KnownGradients(site, (clipNorm) => void (place === 0 && heard.push(clipNorm))),
    policy: { maximumClipNorm: 300 * 40, privacyBudget: { epsilon: 100, delta: 1e-5 } },
    restartAfter: 5,
  });
  expect(simulated.map(({ outcome }) => outcome)).toEqual(Array.from({ length: rounds }, () => 'accepted'));

  const norms = Array.from({ length: sites }, (_, place) => normsAt(`site-00${place + 1}`)).flat();
  const share = (clipNorm: number): number => norms.filter((norm) => norm <= clipNorm).length / norms.length;
  expect(heard[0]).toBe(20);
  expect(share(20)).toBe(1);
  // Nobody is clipped at first: the norm falls by e^(-1.5 (1 - 0.7)), but for noise of 1 % of the customers, in every round.
  for (let round = 1; round <= 5; round += 1) {
    const fall = Math.log((heard[round] ?? 0) / (heard[round - 1] ?? 0));
    expect(Math.abs(fall + 0.45), `seed ${seed}, round ${round}`).toBeLessThan(1.5 * 0.08);
  }
  for (const clipNorm of heard.slice(-3)) {
    expect(Math.abs(share(clipNorm) - 0.7), `seed ${seed}, norms ${heard.join(' ')}`).toBeLessThan(0.08);
  }

  const paid = await readPrivacyLedger(join(folder, 'site-001'));
  const history = paid.histories.get('customers') ?? [];
  expect(history).toEqual([{ noiseMultiplier: 2, samplingRate: 1, steps: rounds }]);
  // What `noren plan privacy` counts for as many rounds.
  const planned = privacyLoss([{ noiseMultiplier: 2, samplingRate: 1, steps: rounds }], 1e-5, INTEGER_ORDERS);
  expect(epsilonSpent(history, 1e-5)).toBe(planned.epsilon);
});
