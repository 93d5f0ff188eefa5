import { expect, test } from 'vitest';

import { PlanError } from '../protocol-error.ts';
import { defaultTraining } from './default-training.ts';
import type { AdaptiveClipNorm } from './plan-clipping.ts';
import { parsePlanTemplate } from './plan-document.ts';
import type { PlanPrivacy } from './plan-privacy.ts';
import type { PlanGroup, PlanTemplate } from './plan.ts';
import { privateTraining } from './private-training.ts';

const group = (scope: PlanGroup['scope']): PlanGroup => ({ start: 'pretrained', scope });

const privacy: PlanPrivacy = {
  unit: 'customer',
  mode: 'distributed',
  clipNorm: 1,
  noiseMultiplier: 1,
  samplingRate: 0.05,
  customers: 100_000,
  delta: 1e-6,
  minimumHonest: 6,
  colluding: 2,
  sitesPerCustomer: 1,
  homes: null,
};

const clipping: AdaptiveClipNorm = {
  kind: 'adaptive',
  quantile: 0.5,
  learningRate: 0.2,
  countNoise: 250,
  minimum: 0.01,
  maximum: 10,
};

const template: PlanTemplate = {
  ...defaultTraining('private', {
    'item.text': group('frozen'),
    'item.norm': group('federated'),
    'sequence.block.0.attention': group('federated'),
  }),
  update: { clipNorm: 100, maximumWeight: 1000 },
  cohort: { minimumSites: 8, quorum: 0.6 },
  privacy,
};

function parsed(change: Partial<PlanTemplate>): PlanTemplate {
  return parsePlanTemplate(JSON.stringify({ ...template, ...change }));
}

function refusal(change: Partial<PlanTemplate>): PlanError {
  try {
    parsed(change);
  } catch (error) {
    if (error instanceof PlanError) return error;
    throw error;
  }
  throw new Error('the plan was accepted');
}

test('a plan may be private; without the section, or with null, it is not', () => {
  expect(parsed({}).privacy).toEqual(privacy);
  expect(parsed({ privacy: null }).privacy).toBeNull();
  expect(parsed({ privacy: { ...privacy, clipping } }).privacy).toEqual({ ...privacy, clipping });
  expect(parsed({ privacy: undefined }).privacy).toBeUndefined();
});

test.each<[string, Partial<PlanTemplate>, string, RegExp]>([
  [
    'a group without gradients of single customers',
    { groups: { ...template.groups, 'encoder.text': group('federated') } },
    'groups.encoder.text',
    /no gradient of it that could be clipped\. Freeze it; sequence\.\* and item\.\* can be shared/,
  ],
  [
    'a local group',
    { groups: { ...template.groups, 'sequence.position': group('local') } },
    'groups.sequence.position',
    /no local groups/,
  ],
  [
    'a bound of sums below one customer',
    { update: { clipNorm: 0.5, maximumWeight: 1 } },
    'update.clipNorm',
    /1 to 4096 times/,
  ],
  ['sums too long for float32', { update: { clipNorm: 5000, maximumWeight: 1 } }, 'update.clipNorm', /1 to 4096 times/],
  [
    'fewer sites than noise is counted on from',
    { cohort: { minimumSites: 7, quorum: 1 } },
    'cohort.minimumSites',
    /every sum needs privacy\.minimumHonest \+ privacy\.colluding sites, which is 8/,
  ],
  ['a rotated sum', { update: { clipNorm: 100, maximumWeight: 1, rotation: true } }, 'update.rotation', /not rotated/],
  [
    'many small groups',
    {
      aggregation: { profile: 'robust', groupSize: 8, combine: 'median' },
      cohort: { minimumSites: 24, quorum: 1 },
    },
    'aggregation.profile',
    /adds up large groups/,
  ],
  [
    'a delta that covers a customer',
    { privacy: { ...privacy, delta: 1e-4 } },
    'privacy.delta',
    /at most 1 \/ customers/,
  ],
  [
    'a clip norm outside its bounds',
    { privacy: { ...privacy, clipNorm: 20, clipping } },
    'privacy.clipNorm',
    /not in privacy\.clipping's 0\.01 \.\. 10/,
  ],
  [
    'a count that costs more than the sum',
    { privacy: { ...privacy, clipping: { ...clipping, countNoise: 0.7 } } },
    'privacy.clipping.countNoise',
    /make it 0\.707 customers or more/,
  ],
  [
    'a bound that grows beyond measure',
    { privacy: { ...privacy, clipping: { ...clipping, maximum: 1e5 } } },
    'privacy.clipping.maximum',
    /beyond 1e6/,
  ],
  ['no noise', { privacy: { ...privacy, noiseMultiplier: 0 } }, 'privacy.noiseMultiplier', /0\.01/],
  ['nobody sampled', { privacy: { ...privacy, samplingRate: 1e-6 } }, 'privacy.samplingRate', /less than one customer/],
  [
    'a home and several sites a customer',
    { privacy: { ...privacy, sitesPerCustomer: 2, homes: { salt: 'a'.repeat(64), sites: ['aoyama'] } } },
    'privacy.sitesPerCustomer',
    /is 1 where every customer has a home site/,
  ],
])('%s is refused with its place', (_name, change, path, message) => {
  const error = refusal(change);
  expect(error.path).toBe(path);
  expect(error.message).toMatch(message);
});

test('a flat sum counts on the noise of the whole cohort, groups on that of 64 sites', () => {
  const many = {
    cohort: { minimumSites: 1000, quorum: 0.6 },
    privacy: { ...privacy, minimumHonest: 600, colluding: 50 },
  };
  expect(refusal(many).path).toBe('cohort.minimumSites');
  const flat = { ...many, aggregation: { profile: 'private', topology: 'flat' } } as const;
  expect(parsed(flat).privacy?.minimumHonest).toBe(600);
});

test('values to start from are valid, whatever the federation', () => {
  for (const customers of [20, 1000, 10_000_000]) {
    const { privacy: made, cohort } = privateTraining({ ...template, privacy: undefined }, customers);
    expect(made).toMatchObject({ mode: 'distributed', customers, delta: 0.1 / customers });
    expect(cohort.minimumSites).toBeGreaterThanOrEqual(4);
    const adaptive = privateTraining({ ...template, privacy: undefined }, customers, 'adaptive');
    expect(adaptive.privacy?.clipping).toMatchObject({ kind: 'adaptive', quantile: 0.5 });
  }
  const shared = { ...template, groups: { ...template.groups, 'item.text': group('federated') } };
  expect(privateTraining(shared, 1000).groups).toEqual(shared.groups);
  const local = { ...template, groups: { ...template.groups, 'item.text': group('local') } };
  expect(() => privateTraining(local, 1000)).toThrow(/no local groups/);
});
