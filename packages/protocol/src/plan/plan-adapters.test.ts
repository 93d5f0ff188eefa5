import { describe, expect, test } from 'vitest';

import { adapterFactors, adapterTensors } from './plan-adapters.ts';
import { checkPlanGroups } from './plan-groups.ts';
import type { PlanGroup } from './plan.ts';

const anew: PlanGroup = { start: 'reinit', scope: 'federated' };
const backbone = ['item.text', 'sequence.position', 'sequence.block.0.attention', 'sequence.block.0.feedforward'];
const own = Object.fromEntries(backbone.map((name) => [name, { start: 'pretrained', scope: 'frozen' } as const]));
const factors = { 'sequence.block.0.adapter.a': anew, 'sequence.block.0.adapter.b': anew };

test('every matrix of a block but the keys’ has two factors', () => {
  const model = [
    ['item.text/expert.0.weight', [8, 6]],
    ['sequence.block.0.attention/query.weight', [6, 6]],
    ['sequence.block.0.attention/query.bias', [6]],
    ['sequence.block.0.attention/key.weight', [6, 6]],
    ['sequence.block.0.feedforward/inner.weight', [6, 10]],
    ['sequence.block.0.feedforward/norm.gain', [6]],
  ] as const;
  expect(Object.fromEntries(adapterTensors(model, { rank: 2 }))).toEqual({
    'sequence.block.0.adapter.a/query': [6, 2],
    'sequence.block.0.adapter.b/query': [2, 6],
    'sequence.block.0.adapter.a/inner': [6, 2],
    'sequence.block.0.adapter.b/inner': [2, 10],
  });
  expect(adapterTensors(model, null).size).toBe(0);
  expect(() => adapterTensors(model, { rank: 7 })).toThrow(/query\.weight, which is 6 by 6.*at most 6/);
});

test.each([
  'item.fusion/query.weight',
  'sequence.block.0.attention/key.weight',
  'xsequence.block.0.attention/query.weight',
])('%s is not adapted', (name) => {
  expect(adapterFactors(name)).toBeNull();
});

describe('the groups of a plan', () => {
  const check = (groups: Record<string, PlanGroup>, rank: number | null) => () =>
    checkPlanGroups({ groups, adapters: rank === null ? null : { rank } }, backbone);

  test('name the adapters exactly when it has any', () => {
    expect(check(own, null)).not.toThrow();
    expect(check({ ...own, ...factors }, 4)).not.toThrow();
    expect(check(own, 4)).toThrow('says nothing about the group "sequence.block.0.adapter.a"');
    expect(check({ ...own, ...factors }, null)).toThrow('Give the plan "adapters" with a rank or remove it.');
  });

  test('name no adapters of blocks that the backbone does not have', () => {
    expect(check({ ...own, ...factors, 'sequence.block.1.adapter.a': anew }, 4)).toThrow('sequence.block.1.adapter.a');
  });
});
