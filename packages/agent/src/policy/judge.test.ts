import { siteSourceSchema } from '@noren/dataset';
import type { PlanSurvey } from '@noren/protocol';
import { describe, expect, test } from 'vitest';
import { examplePlan, examplePrivacy } from '../testing/plans.ts';
import { judgePlan, withinHours } from './judge.ts';
import { sitePolicySchema, type SitePolicy } from './policy.ts';

const source = siteSourceSchema.parse({
  catalogue: { file: 'catalogue.csv', columns: { item: 'item', text: [] } },
  interactions: { file: 'sales.csv', columns: { customer: 'customer', item: 'item', time: 'time' } },
});
const noon = new Date('2026-03-04T12:00:00Z');

function judge(policy: Partial<SitePolicy>, change: Parameters<typeof examplePlan>[0] = {}, customers = 500): string {
  const judgement = judgePlan(sitePolicySchema.parse(policy), examplePlan(change), {
    customers,
    now: noon,
    siteId: 'aoyama',
    source,
    spent: [],
    paidTree: null,
    joined: ['2026-03-03T11:00:00Z', '2026-03-03T13:00:00Z', '2026-03-04T09:00:00Z'],
  });
  return judgement.accepted ? 'accepted' : judgement.reason;
}

describe('a site without a policy of its own', () => {
  test('accepts an ordinary plan', () => {
    expect(judge({})).toBe('accepted');
  });

  test('still asks for three sites and enough customers', () => {
    expect(judge({}, {}, 19)).toBe('this site has fewer than the 20 customers it asks of itself');
    expect(() => sitePolicySchema.parse({ minimumSites: 2 })).toThrow(/minimumSites/);
  });
});

test.each<[string, Partial<SitePolicy>, Parameters<typeof examplePlan>[0], RegExp]>([
  ['a small cohort', { minimumSites: 5 }, {}, /adds up 3 sites or more, this site asks for at least 5/],
  [
    'a low threshold',
    { minimumThresholdFraction: 0.7 },
    { cohort: { minimumSites: 3, quorum: 1 } },
    /67 % of the 3 sites of a group can unmask together, this site asks for at least 70 %/,
  ],
  [
    'a low threshold among the neighbours of a large flat cohort',
    { minimumThresholdFraction: 0.74 },
    { aggregation: { profile: 'private', topology: 'flat' }, cohort: { minimumSites: 1000, quorum: 1 } },
    /73 % of the 135 sites of a neighbourhood can unmask together, this site asks for at least 74 %/,
  ],
  [
    'groups where a site asks for sums of more sites',
    { minimumSites: 500 },
    { cohort: { minimumSites: 1000, quorum: 1 } },
    /adds up 64 sites or more, this site asks for at least 500/,
  ],
  ['a group that must stay', { federatedGroups: ['item.price'] }, {}, /the update of item\.text leave/],
  ['every group', { federatedGroups: [] }, {}, /the update of item\.text, item\.price leave/],
  [
    'long training',
    { maximumEpochs: 4 },
    { training: { ...examplePlan().training, epochs: 5 } },
    /5 epochs of re-learning, this site allows at most 4/,
  ],
  [
    'epochs of the personal part beyond its limit',
    { maximumEpochs: 4 },
    { training: { ...examplePlan().training, epochs: 3, order: { kind: 'alternating', personalEpochs: 2 } } },
    /5 epochs of re-learning, this site allows at most 4/,
  ],
  [
    'long personalisation',
    { maximumEpochs: 4 },
    { personalisation: { epochs: 9, learningRate: 1, groups: 'trained' } },
    /9 epochs of personalisation/,
  ],
  ['sites that no registrar lists', { registrarKey: 'a'.repeat(64) }, {}, /the plan names no roster/],
  ['long references', { maximumReferenceEpochs: 4 }, {}, /5 epochs for the references/],
  ['a wide clip norm', { maximumClipNorm: 9.5 }, {}, /clip norm is 10, this site allows at most 9\.5/],
  [
    'a clip norm that may grow wide',
    { maximumClipNorm: 15 },
    {
      privacy: {
        ...examplePrivacy,
        clipping: { kind: 'adaptive', quantile: 0.5, learningRate: 0.2, countNoise: 5, minimum: 0.1, maximum: 2 },
      },
    },
    /clip norm is up to 20, this site allows at most 15/,
  ],
  [
    'a gate that is easily convinced',
    {},
    { gate: { confidence: 0.6, margin: 0 } },
    /gate is 60 % confident, this site asks for at least 80 %/,
  ],
  [
    'a gate that lets much be lost',
    {},
    { gate: { confidence: 0.9, margin: 0.2 } },
    /lets 0\.2 of NDCG be lost, this site allows at most 0\.05/,
  ],
  ['too many rounds a day', { maximumRoundsPerDay: 2 }, {}, /joined 2 rounds within 24 hours, it allows at most 2/],
  [
    'the wrong hour',
    { hours: { from: '22:00', to: '06:00', timeZone: 'UTC' } },
    {},
    /only from 22:00 to 06:00 \(UTC\)/,
  ],
])('the policy refuses %s', (_what, policy, change, reason) => {
  expect(judge(policy, change)).toMatch(reason);
});

test('a wildcard allows every group below a name, and local groups are nobody’s business', () => {
  expect(judge({ federatedGroups: ['item.*'] })).toBe('accepted');
});

test('a refusal names every clause that is broken', () => {
  expect(judge({ minimumSites: 4, maximumClipNorm: 1 }).split('; ')).toHaveLength(2);
});

test('sums of few sites are agreed to by the policy, or refused: small groups that are compared', () => {
  const change: Parameters<typeof examplePlan>[0] = {
    aggregation: { profile: 'robust', groupSize: 8, combine: 'median' },
    cohort: { minimumSites: 24, quorum: 1 },
  };
  expect(judge({}, change)).toMatch(/groups of 8 sites, this site is summed with whole cohorts only/);
  expect(judge({ smallGroups: true }, change)).toBe('accepted');
  expect(judge({ smallGroups: true, minimumSites: 9 }, change)).toMatch(/adds up 8 sites or more/);
});

test('a federation larger than one masking group is judged by the largest group', () => {
  expect(judge({ minimumThresholdFraction: 0.66 }, { cohort: { minimumSites: 1000, quorum: 1 } })).toBe('accepted');
});

test('the epochs limit leaves plans without personalisation alone', () => {
  expect(judge({}, { personalisation: null })).toBe('accepted');
});

test.each([
  ['22:00', '06:00', 'Asia/Tokyo', '2026-03-04T14:00:00Z', true],
  ['22:00', '06:00', 'Asia/Tokyo', '2026-03-04T20:59:00Z', true],
  ['22:00', '06:00', 'Asia/Tokyo', '2026-03-04T21:00:00Z', false],
  ['09:00', '17:30', 'UTC', '2026-03-04T17:29:59Z', true],
  ['09:00', '17:30', 'UTC', '2026-03-04T17:30:00Z', false],
  ['00:00', '00:00', 'UTC', '2026-03-04T03:00:00Z', true],
])('hours %s to %s in %s at %s: %s', (from, to, timeZone, at, inside) => {
  expect(withinHours({ from, to, timeZone }, new Date(at))).toBe(inside);
});

test('an unknown time zone or time is a configuration error', () => {
  expect(() => sitePolicySchema.parse({ hours: { from: '9:00', to: '10:00', timeZone: 'UTC' } })).toThrow(/22:00/);
  expect(() => sitePolicySchema.parse({ hours: { from: '09:00', to: '10:00', timeZone: 'Shop/Corner' } })).toThrow(
    /time zone/,
  );
});

describe('a survey', () => {
  const probe = (name: string): PlanSurvey['probes'][number] => {
    return { name, reinit: [], trained: ['item.text'], modalities: ['text'], against: [] };
  };
  const change: Parameters<typeof examplePlan>[0] = {
    groups: { 'item.text': { start: 'pretrained', scope: 'frozen' } },
    survey: { version: 1, probes: [probe('a'), probe('b')] },
  };

  test('is taken part in unless the policy says otherwise', () => {
    expect(judge({}, change)).toBe('accepted');
    expect(judge({ surveys: false }, change)).toBe('this site takes part in no survey');
    expect(judge({ surveys: false })).toBe('accepted');
  });

  test('shares no group’s update and lets no model in, so what limits those does not limit it', () => {
    expect(judge({ federatedGroups: [], maximumClipNorm: 1, minimumGateConfidence: 0.99 }, change)).toBe('accepted');
  });

  test('is exact, so a site that takes part in private rounds only refuses it', () => {
    expect(judge({ minimumNoiseMultiplier: 1 }, change)).toMatch(/sums are exact/);
  });

  test('may train no more epochs of probes than the site allows', () => {
    expect(judge({ maximumReferenceEpochs: 5 }, change)).toMatch(/6 epochs of probes, this site allows at most 5/);
  });
});
