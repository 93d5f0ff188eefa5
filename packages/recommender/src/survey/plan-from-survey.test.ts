import { parsePlanTemplate, type PlanTemplate } from '@noren/protocol';
import { beforeAll, expect, test } from 'vitest';
import type { Backbone } from '../backbone/backbone-file.ts';
import { backboneValues } from '../parameters/start-values.ts';
import { seededRandom } from '../random/seeded-random.ts';
import type { Relearner } from '../training/relearner.ts';
import {
  backboneOf,
  dealtAnew,
  language,
  openShops,
  surveyConfig,
  surveyOf,
  tinyPlan,
  trainedBackbone,
} from '../testing/tiny-survey.ts';
import { planFromSurvey, type SurveyRecord } from './plan-from-survey.ts';

const SHOPS = 3;
let backbone: Backbone;
let neighbours: readonly Relearner[];
let shared: SurveyRecord;

const startsAndStages = ({ name }: { name: string }): boolean => /^(start\.reinit$|stage\.|set\.all$)/.test(name);

beforeAll(async () => {
  backbone = await trainedBackbone();
  neighbours = openShops(SHOPS, () => language);
  shared = await surveyOf(backbone, neighbours, startsAndStages);
}, 240_000);

function federated({ groups }: PlanTemplate): string[] {
  return Object.keys(groups).filter((name) => groups[name]?.scope === 'federated');
}

test('where a single group is wrong, auto re-learns that one and freezes the rest', { timeout: 240_000 }, async () => {
  const values = backboneValues(backbone);
  // Dealt anew among themselves: only what this group knew is lost.
  for (const [name, data] of values) {
    if (name.startsWith('item.text/')) data.set(seededRandom(5, name).shuffle([...data]));
  }
  const asks = ({ name }: { name: string }): boolean => /^(group\.|set\.all$)/.test(name);
  const record = await surveyOf(backboneOf(values), neighbours, asks);
  const plan = planFromSurvey('auto', surveyConfig, record, { like: tinyPlan, tolerance: { ndcg: 0.04 } });
  expect(plan.evidence?.decisions).toEqual([expect.stringContaining('item.text')]);
  expect(federated(plan)).toEqual(['item.text']);
});

test('where the shops speak headquarters’ language, adaptive starts from the backbone', () => {
  const plan = planFromSurvey('adaptive', surveyConfig, shared, { like: tinyPlan });
  expect(Object.values(plan.groups).map(({ start }) => start)).not.toContain('reinit');
  expect(plan.evidence?.figures['gain.start.reinit/set.all']?.mean).toBeLessThan(0);
});

test('where descriptions mean something else, adaptive starts the item side anew', { timeout: 240_000 }, async () => {
  const strangers = openShops(SHOPS, (site) => dealtAnew(language, site));
  const record = await surveyOf(backbone, strangers, startsAndStages);
  const plan = planFromSurvey('adaptive', surveyConfig, record, { like: tinyPlan });
  expect(plan.groups['item.text']).toEqual({ start: 'reinit', scope: 'federated' });
  expect(plan.groups['item.norm']?.start).toBe('pretrained');
});

test('the plan keeps everything else of the one it replaces, and carries its evidence through a plan document', () => {
  const plan = planFromSurvey('adaptive', surveyConfig, shared, { like: tinyPlan });
  const { name, groups: _groups, modalities: _modalities, evidence, ...rest } = plan;
  const { name: _name, groups: _before, modalities: _all, ...before } = tinyPlan;
  expect(rest).toEqual(before);
  expect(name).toBe('adaptive');
  expect(evidence).toMatchObject({ round: 3, sum: 'ab'.repeat(32) });
  expect(evidence?.sites).toBeCloseTo(SHOPS, 1);
  expect(parsePlanTemplate(JSON.stringify(plan))).toEqual(plan);
});

test('a survey of another model, or one that did not ask enough, is refused', () => {
  const choose = (record: SurveyRecord, layers = 1): PlanTemplate =>
    planFromSurvey('adaptive', { ...surveyConfig, layers }, record, { like: tinyPlan });
  expect(() => choose(shared, 2)).toThrow('another backbone');
  const { survey: _survey, ...plan } = shared.plan;
  expect(() => choose({ ...shared, plan })).toThrow('another backbone');
  const probes = (shared.plan.survey?.probes ?? []).slice(0, 1);
  expect(() => choose({ ...shared, plan: { ...shared.plan, survey: { version: 1, probes } } })).toThrow(
    'did not measure gain.start.reinit/set.all',
  );
});
