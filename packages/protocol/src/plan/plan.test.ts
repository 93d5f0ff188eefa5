import { createHash } from 'node:crypto';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseHash, parseRoundId } from '../identifiers.ts';
import { generateSigningKey, signingPublicKey } from '../keys/ed25519.ts';
import { PlanError } from '../protocol-error.ts';
import { canonicalJson } from './canonical-json.ts';
import { defaultTraining } from './default-training.ts';
import { encodePlan, parsePlan, parsePlanTemplate, planHash } from './plan-document.ts';
import { checkPlanGroups } from './plan-groups.ts';
import { signPlan, verifyPlanSignature } from './plan-signature.ts';
import { surveyLength, surveyMeasures } from './plan-survey.ts';
import type { PlanPersonalisation } from './plan-training.ts';
import type { PlanGroup, RoundPlan } from './plan.ts';

const shared: PlanGroup = { start: 'pretrained', scope: 'federated' };
const own: PlanGroup = { start: 'pretrained', scope: 'local' };
const frozen: PlanGroup = { start: 'pretrained', scope: 'frozen' };
const example: RoundPlan = {
  ...defaultTraining('fine-tune', { 'item.text': frozen, 'sequence.block.0.attention': shared }),
  federation: 'north',
  roundId: parseRoundId('2026-11-23.1'),
  round: 1,
  backbone: parseHash('a'.repeat(64)),
  release: parseHash('b'.repeat(64)),
  vectorLength: 1000,
  previousPlanHash: null,
  roster: null,
};

const positive = (max: number): fc.Arbitrary<number> => fc.double({ min: 1e-9, max, noNaN: true });
const hash = fc.stringMatching(/^[0-9a-f]{64}$/).map(parseHash);
const group = fc.record<PlanGroup>({
  start: fc.constantFrom('pretrained', 'reinit'),
  scope: fc.constantFrom('frozen', 'federated', 'local'),
});
const changes = fc.record({
  groups: fc
    .dictionary(fc.stringMatching(/^[a-z]{1,8}(\.[a-z0-9]{1,8}){0,3}$/), group, { maxKeys: 8 })
    .map((groups) => Object.assign(groups, { 'item.norm': shared, 'item.scale': own })),
  training: fc.record({
    epochs: fc.integer({ min: 1, max: 1000 }),
    batchSize: fc.integer({ min: 1, max: 65_536 }),
    learningRate: positive(10),
    weightDecay: positive(1),
    augmentation: fc.record({ thinning: positive(0.9), shuffling: positive(1) }),
    objective: fc.oneof(
      fc.constant({ kind: 'plain' } as const),
      fc.record({ kind: fc.constant('fedprox' as const), mu: positive(1000) }),
      fc.record({ kind: fc.constant('ditto' as const), lambda: positive(1000) }),
      fc.record({
        kind: fc.constant('apfl' as const),
        alpha: fc.oneof(fc.constant('chosen' as const), positive(1)),
      }),
    ),
    order: fc.oneof(
      fc.constant({ kind: 'together' } as const),
      fc.record({ kind: fc.constant('alternating' as const), personalEpochs: fc.integer({ min: 1, max: 9 }) }),
    ),
  }),
  adapters: fc.option(fc.record({ rank: fc.integer({ min: 1, max: 64 }) })),
  personalisation: fc.record({
    epochs: fc.integer({ min: 1, max: 9 }),
    learningRate: positive(1),
    groups: fc.constantFrom<PlanPersonalisation['groups']>('trained', 'all'),
  }),
  cohort: fc.record({ minimumSites: fc.integer({ min: 12, max: 10_000 }), quorum: positive(1) }),
  aggregation: fc.constantFrom(
    { profile: 'private' as const },
    { profile: 'private' as const, topology: 'flat' as const },
    { profile: 'robust' as const, groupSize: 4, combine: 'median' as const },
  ),
  seed: fc.integer({ min: 0, max: 0xffff_ffff }),
  round: fc.integer({ min: 1, max: 0xffff_ffff }),
  backbone: hash,
  previousPlanHash: fc.option(hash),
});

const plan: fc.Arbitrary<RoundPlan> = changes.map((change) => Object.assign(structuredClone(example), change));

function trained(change: object): object {
  return { ...example.training, ...change };
}

const robust = (groupSize: number): object => ({ profile: 'robust', groupSize, combine: 'median' });

/** The error of a plan with one thing changed. */
function refusal(change: object): PlanError {
  try {
    parsePlan(new TextEncoder().encode(canonicalJson({ ...example, ...change } as never)));
  } catch (error) {
    if (error instanceof PlanError) return error;
    throw error;
  }
  throw new Error('the plan was accepted');
}

test('a plan survives its document, whatever the order of its keys', () => {
  fc.assert(
    fc.property(plan, (value) => {
      const bytes = encodePlan(value);
      expect(parsePlan(bytes)).toEqual(value);
      const reordered = Object.fromEntries(Object.entries(value).toReversed()) as unknown as RoundPlan;
      expect(Buffer.compare(encodePlan(reordered), bytes)).toBe(0);
    }),
    { numRuns: 200 },
  );
});

test('canonical JSON is that of RFC 8785', () => {
  // Section 3.2.3 sorts by UTF-16 code unit; section 3.2.2.3 prints numbers as ECMAScript does.
  const sorted = canonicalJson({ '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 });
  expect(sorted).toBe('{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\u{1f600}":5,"\ufb33":3}');
  expect(canonicalJson([Number('333333333.33333329'), 1e30, 4.5, 2e-3, 1e-27, -0])).toBe(
    '[333333333.3333333,1e+30,4.5,0.002,1e-27,0]',
  );
  expect(canonicalJson({ b: undefined, a: null })).toBe('{"a":null}');
  expect(() => canonicalJson({ a: Number.NaN })).toThrow(TypeError);
});

test('a document with another spelling, a repeated key or other bytes is refused', () => {
  const text = new TextDecoder().decode(encodePlan(example));
  const parse = (document: string) => parsePlan(new TextEncoder().encode(document));
  expect(parse(text)).toEqual(example);
  expect(() => parse(`${text} `)).toThrow('canonical');
  expect(() => parse(text.replace('"seed":1', '"seed":1,"seed":1'))).toThrow('canonical');
  expect(() => parse('[[')).toThrow(PlanError);
  expect(() => parse('['.repeat(250_000))).toThrow(PlanError);
  expect(() => parsePlan(new Uint8Array([0xff, 0xfe]))).toThrow('UTF-8');
  expect(() => parse(' '.repeat(300_000))).toThrow('at most 262144');
});

test.each([
  ['an unknown field', { rond: 1 }, ''],
  ['a learning rate of zero', { training: { ...example.training, learningRate: 0 } }, 'training.learningRate'],
  ['a profile of its own', { aggregation: { profile: 'public' } }, 'aggregation.profile'],
  [
    'robust groups of two',
    { aggregation: robust(2), cohort: { minimumSites: 100, quorum: 1 } },
    'aggregation.groupSize',
  ],
  [
    'robust groups too few to compare',
    { aggregation: robust(16), cohort: { minimumSites: 47, quorum: 1 } },
    'cohort.minimumSites',
  ],
  ['a topology of its own', { aggregation: { profile: 'private', topology: 'star' } }, 'aggregation.topology'],
  ['a robust plan without groups', { aggregation: { ...robust(4), topology: 'flat' } }, 'aggregation'],
  [
    'values too wide for the sum of a flat cohort',
    { aggregation: { profile: 'private', topology: 'flat' }, update: { ...example.update, valueBits: 19 } },
    'update.valueBits',
  ],
  ['a cohort of two', { cohort: { minimumSites: 2, quorum: 1 } }, 'cohort.minimumSites'],
  ['a confidence of one', { gate: { confidence: 1, margin: 0 } }, 'gate.confidence'],
  ['a modality twice', { modalities: ['text', 'text'] }, 'modalities'],
  ['sharing the items’ own vectors', { groups: { ...example.groups, 'item.identity': shared } }, 'groups'],
  ['nothing federated', { groups: { 'item.text': frozen } }, 'groups'],
  ['a hash in upper case', { release: 'B'.repeat(64) }, 'release'],
  ['a prototype for a group', { groups: { ...example.groups, ['__proto__x']: shared } }, 'groups.__proto__x'],
  [
    'a FedProx that pulls nowhere',
    { training: trained({ objective: { kind: 'fedprox', mu: 0 } }) },
    'training.objective.mu',
  ],
  ['an unknown objective', { training: trained({ objective: { kind: 'fedmagic' } }) }, 'training.objective.kind'],
  [
    'an alpha above one',
    { training: trained({ objective: { kind: 'apfl', alpha: 1.5 } }) },
    'training.objective.alpha',
  ],
  [
    'an alternating order without anything local',
    { training: trained({ order: { kind: 'alternating', personalEpochs: 2 } }) },
    'training.order',
  ],
  [
    'a Ditto without personalisation',
    { training: trained({ objective: { kind: 'ditto', lambda: 1 } }), personalisation: null },
    'personalisation',
  ],
  ['adapters without a rank', { adapters: { rank: 0 } }, 'adapters.rank'],
  ['adapters of a rank that none need', { adapters: { rank: 65 } }, 'adapters.rank'],
  ['adapters with a matrix of their own', { adapters: { rank: 4, matrix: [1] } }, 'adapters'],
  [
    'adapters that go on from a backbone, which has none',
    { adapters: { rank: 4 }, groups: { ...example.groups, 'sequence.block.0.adapter.a': shared } },
    'groups.sequence.block.0.adapter.a.start',
  ],
  [
    'a scope of its own',
    { groups: { 'item.text': { start: 'pretrained', scope: 'public' } } },
    'groups.item.text.scope',
  ],
] as const)('%s is refused with its place', (_name, change, path) => {
  expect(refusal(change).path).toBe(path);
});

test('more than 512 groups are refused', () => {
  const groups = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`g.${index}`, shared]));
  expect(parsePlan(encodePlan({ ...example, groups: groups(512) })).groups).toHaveProperty(['g.511']);
  expect(refusal({ groups: groups(513) }).message).toContain('at most 512 groups');
});

test('a template is read from any spelling of JSON and names what is wrong', () => {
  const template = defaultTraining('fine-tune', { 'item.text': shared });
  expect(parsePlanTemplate(JSON.stringify(template, null, 4))).toEqual(template);
  const wrong = JSON.stringify({ ...template, deadlines: { ...template.deadlines, keys: '1 minute' } });
  expect(() => parsePlanTemplate(wrong)).toThrow('The plan\'s "deadlines.keys" is not valid');
});

test('the plan hash is SHA-256 behind the domain tag', () => {
  const expected = createHash('sha256').update('noren/plan/v1abc').digest();
  expect(Buffer.compare(planHash(new TextEncoder().encode('abc')), expected)).toBe(0);
});

test('a signature holds for the signed bytes and the pinned key only', () => {
  const key = generateSigningKey();
  const bytes = encodePlan(example);
  const signature = signPlan(bytes, key);
  const publicKey = signingPublicKey(key);
  expect([publicKey.length, signature.length]).toEqual([32, 64]);
  expect(verifyPlanSignature(bytes, signature, publicKey)).toBe(true);
  expect(verifyPlanSignature(encodePlan({ ...example, seed: 2 }), signature, publicKey)).toBe(false);
  expect(verifyPlanSignature(bytes, signature, signingPublicKey(generateSigningKey()))).toBe(false);
  expect(verifyPlanSignature(bytes, signature.subarray(1), publicKey)).toBe(false);
  expect(verifyPlanSignature(bytes, signature, new Uint8Array(32).fill(255))).toBe(false);
});

test('an unknown group is named with the known ones and what to do', () => {
  const known = ['item.text', 'item.image'];
  expect(() =>
    checkPlanGroups({ groups: { 'item.text': shared, 'item.txet': shared }, adapters: null }, known),
  ).toThrow(
    'The plan names the group "item.txet", which the backbone does not have. ' +
      'The backbone has the groups: item.text, item.image. Correct the name or remove it.',
  );
  expect(() => checkPlanGroups({ groups: { 'item.text': shared }, adapters: null }, known)).toThrow(
    'says nothing about the group "item.image"',
  );
  expect(() =>
    checkPlanGroups({ groups: { 'item.text': shared, 'item.image': frozen }, adapters: null }, known),
  ).not.toThrow();
});

test("a plan may turn on the items' own vectors, which no backbone has, and they stay at the site", () => {
  const plan = (scope: PlanGroup['scope']): Parameters<typeof checkPlanGroups>[0] => ({
    groups: { 'item.text': shared, 'item.identity': { start: 'pretrained', scope } },
    adapters: null,
  });
  expect(() => checkPlanGroups(plan('local'), ['item.text'])).not.toThrow();
  for (const scope of ['federated', 'frozen'] as const) {
    expect(() => checkPlanGroups(plan(scope), ['item.text'])).toThrow(/item\.identity belongs to one site.*"local"/);
  }
});

describe('a survey plan', () => {
  const probe = { name: 'set.all', reinit: [], trained: ['item.text'], modalities: ['text'], against: [] } as const;
  const survey = { version: 1, probes: [probe] } as const;
  const groups = { 'item.text': frozen };
  const clipNorm = Math.sqrt(surveyLength({ groups, survey }));
  const update = { clipNorm, maximumWeight: 100 };
  const asking = { groups, survey, update };

  test('names what is measured, in the order of its vector', () => {
    const plan: RoundPlan = { ...example, ...asking };
    expect(parsePlan(encodePlan(plan))).toEqual(plan);
    const against = { ...probe, name: 'set.item', against: ['set.all'] };
    expect(surveyMeasures({ groups, survey: { version: 1, probes: [probe, against] } })).toEqual([
      'gradient.item.text',
      'backbone',
      'backbone/none',
      'gain.set.all',
      'gain.set.item',
      'gain.set.item/set.all',
      'subset.none',
      'subset.text',
      'subset.image',
      'subset.text+image',
      'subset.price',
      'subset.text+price',
      'subset.image+price',
      'subset.text+image+price',
      'shapley.text',
      'shapley.image',
      'shapley.price',
    ]);
  });

  test.each([
    ['a group that is shared', { ...asking, groups: { 'item.text': shared } }, 'groups'],
    ['a group that the plan has not', { ...asking, groups: { 'item.norm': frozen } }, 'survey.probes.0'],
    [
      'a comparison with a probe that is not there',
      { ...asking, survey: { version: 1, probes: [{ ...probe, against: ['set.item'] }] } },
      'survey.probes.0',
    ],
    ['two probes of one name', { ...asking, survey: { version: 1, probes: [probe, probe] } }, 'survey.probes'],
    [
      'a clip norm that would cut it',
      { ...asking, update: { ...update, clipNorm: clipNorm * 0.99 } },
      'update.clipNorm',
    ],
    ['coarse values', { ...asking, update: { ...update, valueBits: 16 } }, 'update'],
    [
      'robust combining',
      {
        ...asking,
        aggregation: { profile: 'robust', groupSize: 4, combine: 'median' },
        cohort: { minimumSites: 100, quorum: 1 },
      },
      'aggregation',
    ],
    [
      'a probe of nothing',
      { ...asking, survey: { version: 1, probes: [{ ...probe, trained: [] }] } },
      'survey.probes.0.trained',
    ],
  ])('with %s is refused with its place', (_what, change, path) => {
    expect(refusal(change).path).toBe(path);
  });
});
