import { privacyLoss } from '@noren/privacy';
import { expect, test } from 'vitest';

import { defaultTraining } from './default-training.ts';
import { encodePlan, parsePlan, parsePlanTemplate } from './plan-document.ts';
import { noisySumRules } from './plan-privacy.ts';
import type { PlanPrivacy } from './plan-privacy.ts';
import { treeSteps } from './plan-tree.ts';
import type { TreeMechanism } from './plan-tree.ts';
import type { PlanTemplate, RoundPlan } from './plan.ts';
import { privacyCost } from './privacy-cost.ts';

const mechanism: TreeMechanism = { kind: 'tree', rounds: 64, sites: 20 };

const privacy = {
  unit: 'customer',
  mode: 'central',
  mechanism,
  clipNorm: 1,
  noiseMultiplier: 4,
  samplingRate: 1 / 64,
  customers: 100_000,
  delta: 1e-6,
  minimumHonest: 3,
  colluding: 1,
  sitesPerCustomer: 1,
  homes: null,
} as const satisfies PlanPrivacy;

const template: PlanTemplate = {
  ...defaultTraining('private', { 'sequence.position': { start: 'pretrained', scope: 'federated' } }),
  update: { clipNorm: 100, maximumWeight: 1000 },
  cohort: { minimumSites: 5, quorum: 0.6 },
  server: { optimizer: 'fedavg', learningRate: 0.5 },
  privacy,
};

const parsed = (change: Partial<PlanTemplate>): PlanTemplate =>
  parsePlanTemplate(JSON.stringify({ ...template, ...change }));

test.each<[string, Partial<PlanTemplate>, string, RegExp]>([
  ['noise that sites add', { privacy: { ...privacy, mode: 'distributed' } }, 'privacy.mode', /is "central"/],
  ['a share that is no period', { privacy: { ...privacy, samplingRate: 0.3 } }, 'privacy.samplingRate', /whole number/],
  [
    'a clip norm that adapts',
    {
      privacy: {
        ...privacy,
        clipping: { kind: 'adaptive', quantile: 0.5, learningRate: 0.2, countNoise: 50, minimum: 0.1, maximum: 2 },
      },
    },
    'privacy.clipping',
    /one clip norm/,
  ],
  ['fewer bits', { update: { ...template.update, valueBits: 16 } }, 'update.valueBits', /all the bits/],
  ['a cohort it is not laid out for', { cohort: { minimumSites: 21, quorum: 1 } }, 'privacy.mechanism.sites', /fewer/],
  [
    'more sites than one group holds',
    { privacy: { ...privacy, mechanism: { ...mechanism, sites: 129 } } },
    'privacy.mechanism.sites',
    /128/,
  ],
  ['moments', { server: { optimizer: 'fedadam', learningRate: 0.1 } }, 'server.optimizer', /noise cancels only/],
  [
    'a place in a template',
    { privacy: { ...privacy, mechanism: { ...mechanism, place: { tree: 'a'.repeat(32), leaf: 1 } } } },
    'privacy.mechanism.place',
    /leave it out/,
  ],
])('a tree with %s is refused with its place', (_name, change, path, message) => {
  expect(parsed({}).privacy).toEqual(privacy);
  expect(() => parsed(change)).toThrow(expect.objectContaining({ path, message: expect.stringMatching(message) }));
});

test('a round’s plan has its place in the tree, within its rounds', () => {
  const round = (leaf: number | null): RoundPlan => ({
    ...template,
    privacy: {
      ...privacy,
      mechanism: leaf === null ? mechanism : { ...mechanism, place: { tree: 'ab'.repeat(16), leaf } },
    },
    federation: 'harbour',
    roundId: '1-00000000' as RoundPlan['roundId'],
    round: 1,
    backbone: 'b'.repeat(64) as RoundPlan['backbone'],
    release: 'c'.repeat(64) as RoundPlan['release'],
    vectorLength: 12,
    previousPlanHash: null,
    roster: null,
  });
  expect(parsePlan(encodePlan(round(64)))).toEqual(round(64));
  expect(() => encodePlan(round(65))).toThrow(/beyond the rounds/);
  expect(() => encodePlan(round(null))).toThrow(/place there/);
});

test('a tree costs what its nodes hold of one customer, and as a whole when it begins', () => {
  // In one round of 64: in ceil(log2 65) = 7 nodes.
  expect(treeSteps(privacy)).toBe(7);
  for (const [rounds, trees] of [
    [1, 1],
    [64, 1],
    [65, 2],
    [640, 10],
  ] as const) {
    expect(privacyCost(privacy, rounds)).toEqual({ noiseMultiplier: 4, samplingRate: 1, steps: 7 * trees });
  }
  // Twice in a tree of 4: rounds 1 and 3 are one each in the nodes 1, 1..2 and 3, and both in 1..4.
  expect(treeSteps({ ...privacy, mechanism: { ...mechanism, rounds: 4 }, samplingRate: 0.5 })).toBe(1 + 1 + 1 + 4);
  // TensorFlow Privacy and dp_accounting: one pass through 1600 elements at 8.83 is below epsilon 2.04.
  const published = {
    ...privacy,
    noiseMultiplier: 8.83,
    samplingRate: 1 / 1600,
    mechanism: { ...mechanism, rounds: 1600 },
  };
  expect(privacyLoss([privacyCost(published, 1600)], 1e-6).epsilon).toBeLessThan(2.04);
});

test('every round of a tree has the same ring, however many sites come, with room for the noise of many nodes', () => {
  const plan = { privacy, update: { clipNorm: 100 }, vectorLength: 12 };
  const rules = noisySumRules(plan, privacy, 5);
  expect(noisySumRules(plan, privacy, 20)).toEqual(rules);
  expect(rules).toMatchObject({ sites: 20, noiseFrom: { nodes: 14 } });
  expect(() => noisySumRules(plan, privacy, 21)).toThrow(expect.objectContaining({ path: 'privacy.mechanism.sites' }));
});
