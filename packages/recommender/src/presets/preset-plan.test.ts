import { describe, expect, test } from 'vitest';
import { parameterGroups } from '../parameters/groups.ts';
import { tinyPlan } from '../testing/tiny-plan.ts';
import { tinyConfig } from '../testing/tiny-study.ts';
import { presetGroups, presetPlan } from './preset-plan.ts';
import { presetNames } from './presets.ts';

describe.each(presetNames)('%s', (name) => {
  test('decides about every group and no other', () => {
    const config = { ...tinyConfig, fusion: 'concat' } as const;
    const { groups, adapters } = tinyPlan(name, config);
    const adapted = { ...config, adapterRank: adapters?.rank ?? 0 };
    expect(Object.keys(groups)).toEqual(parameterGroups(adapted).map((group) => group.name));
  });

  test('shares something', () => {
    const scopes = Object.values(tinyPlan(name).groups).map(({ scope }) => scope);
    expect(scopes).toContain('federated');
  });
});

test('ant learns the item side anew and freezes the blocks', () => {
  const { groups } = tinyPlan('ant');
  expect(groups['item.image']).toEqual({ start: 'reinit', scope: 'federated' });
  expect(groups['sequence.position']).toEqual({ start: 'reinit', scope: 'federated' });
  expect(groups['item.norm']).toEqual({ start: 'pretrained', scope: 'federated' });
  expect(groups['sequence.block.0.attention']).toEqual({ start: 'pretrained', scope: 'frozen' });
});

test("the four cells of ANT's experiment differ in start and in the encoder's freedom, and in nothing else", () => {
  const cell = (name: Parameters<typeof tinyPlan>[0]): object => {
    const { groups } = tinyPlan(name);
    return {
      items: groups['item.text']?.start,
      positions: groups['sequence.position']?.start,
      encoder: groups['sequence.block.0.attention']?.scope,
      rest: [groups['item.norm'], groups['sequence.block.0.attention']?.start],
    };
  };
  const rest = [{ start: 'pretrained', scope: 'federated' }, 'pretrained'];
  expect(cell('fine-tune')).toEqual({ items: 'pretrained', positions: 'pretrained', encoder: 'federated', rest });
  expect(cell('fine-tune-items')).toEqual({ items: 'pretrained', positions: 'pretrained', encoder: 'frozen', rest });
  expect(cell('relearn')).toEqual({ items: 'reinit', positions: 'reinit', encoder: 'federated', rest });
  expect(cell('ant')).toEqual({ items: 'reinit', positions: 'reinit', encoder: 'frozen', rest });
});

test('what stays at the site: the sequence model with fedper and fedrep, the item side with lg-fedavg and fedalt', () => {
  const local = (name: Parameters<typeof tinyPlan>[0]): string[] =>
    Object.entries(tinyPlan(name).groups).flatMap(([group, { scope }]) => (scope === 'local' ? [group] : []));
  const blocks = ['sequence.block.0.attention', 'sequence.block.0.feedforward'];
  const items = ['item.text', 'item.image', 'item.price', 'item.scale', 'item.norm'];
  expect([local('fedper'), local('fedrep')]).toEqual([blocks, blocks]);
  expect([local('lg-fedavg'), local('fedalt')]).toEqual([items, items]);
});

test('of the adapters lora shares both factors, ffa-lora only B and fedsa-lora only A; the backbone is frozen', () => {
  const adapters = (name: Parameters<typeof tinyPlan>[0]): string[] =>
    ['a', 'b'].map((factor) => tinyPlan(name).groups[`sequence.block.0.adapter.${factor}`]?.scope ?? '');
  expect(adapters('lora')).toEqual(['federated', 'federated']);
  expect(adapters('ffa-lora')).toEqual(['frozen', 'federated']);
  expect(adapters('fedsa-lora')).toEqual(['federated', 'local']);
  for (const name of ['lora', 'ffa-lora', 'fedsa-lora'] as const) {
    const others = Object.entries(tinyPlan(name).groups).filter(([group]) => !group.includes('.adapter.'));
    expect(others.map(([, group]) => group)).toEqual(others.map(() => ({ start: 'pretrained', scope: 'frozen' })));
  }
});

test('the rank of the adapters can be another', () => {
  expect(tinyPlan('lora').adapters).toEqual({ rank: 4 });
  expect(presetPlan('lora', tinyConfig, { ...tinyPlan('lora'), adapters: { rank: 2 } }).adapters).toEqual({ rank: 2 });
});

test('frozen is the backbone as it is, for studies', () => {
  const groups = presetGroups('frozen', tinyConfig);
  expect(Object.keys(groups)).toEqual(parameterGroups(tinyConfig).map((group) => group.name));
  expect(new Set(Object.values(groups).map(({ start, scope }) => `${start} ${scope}`))).toEqual(
    new Set(['pretrained frozen']),
  );
  expect(presetNames).not.toContain('frozen');
});
