import { expect, test } from 'vitest';

import { parseHash, parseRoundId, parseSiteId } from '../identifiers.ts';
import type { SiteRoster } from '../roster/site-roster.ts';
import { defaultTraining } from './default-training.ts';
import { planMasking, planQuantiser } from './plan-masking.ts';
import type { RoundPlan } from './plan.ts';

const plan: RoundPlan = {
  ...defaultTraining('fine-tune', { 'item.text': { start: 'pretrained', scope: 'federated' } }),
  federation: 'north',
  roundId: parseRoundId('2026-11-23.1'),
  round: 7,
  backbone: parseHash('a'.repeat(64)),
  release: parseHash('b'.repeat(64)),
  vectorLength: 5000,
  previousPlanHash: null,
  roster: null,
};
const planHash = new Uint8Array(32).fill(3);
const roster: SiteRoster = {
  version: 1,
  federation: 'north',
  epoch: 1,
  previousRoster: null,
  groupSeed: 'ab'.repeat(32),
  sites: [],
};

test('the seed of the groups is the registrar’s; without a registrar it is the same in every round', () => {
  expect(planMasking(plan, planHash, roster).grouping).toEqual({
    seed: new Uint8Array(32).fill(0xab),
    round: 7,
    groupSize: null,
    topology: 'groups',
    registered: [],
  });
  const { seed } = planMasking(plan, planHash, null).grouping;
  const later = { ...plan, round: 8, roundId: parseRoundId('2026-11-24.1') };
  expect(planMasking(later, new Uint8Array(32), null).grouping.seed).toEqual(seed);
  expect(planMasking({ ...plan, federation: 'south' }, planHash, null).grouping.seed).not.toEqual(seed);
});

test('groups are drawn among the roster’s active sites; without a roster there are none but the cohort', () => {
  const site = (id: string, digit: string, status: 'active' | 'suspended' = 'active'): SiteRoster['sites'][number] => ({
    site: parseSiteId(id),
    identityKey: digit.repeat(64),
    status,
  });
  const sites = [site('akita', '1'), site('beppu', '2', 'suspended'), site('chiba', '3')];
  expect(planMasking(plan, planHash, { ...roster, sites }).grouping.registered).toEqual(['akita', 'chiba']);
  expect(planMasking(plan, planHash, null).grouping.registered).toBeNull();
});

test('a robust plan says how large its groups are', () => {
  const aggregation = { profile: 'robust', groupSize: 16, combine: 'median' } as const;
  expect(planMasking({ ...plan, aggregation }, planHash, null).grouping.groupSize).toBe(16);
});

test('a flat plan has one group, however large the cohort', () => {
  const aggregation = { profile: 'private', topology: 'flat' } as const;
  expect(planMasking({ ...plan, aggregation }, planHash, null).grouping).toMatchObject({
    groupSize: null,
    topology: 'flat',
  });
});

test('a rotated update fills whole blocks, and its quanta are finer', () => {
  const rotated = { ...plan, update: { ...plan.update, rotation: true } };
  expect(planMasking(plan, planHash, null).length).toBe(5002);
  expect(planMasking(rotated, planHash, null).length).toBe(2 * 4096 + 2);
  const { rotation, scale } = planQuantiser(rotated, planHash, 10);
  expect(rotation).toEqual({ planHash, length: 5000 });
  expect(scale).toBeGreaterThan(5 * planQuantiser(plan, planHash, 10).scale);
});
