import { expect, test } from 'vitest';
import { parameterGroups } from '../parameters/groups.ts';
import { tinyConfig } from '../testing/tiny-study.ts';
import { presetGroups, presetNames } from './preset-groups.ts';

test.each(presetNames)('%s decides about every group and no other', (name) => {
  const groups = presetGroups(name, { ...tinyConfig, fusion: 'concat' });
  expect(Object.keys(groups)).toEqual(parameterGroups({ ...tinyConfig, fusion: 'concat' }).map((group) => group.name));
});

test('ant learns the item side anew and freezes the blocks', () => {
  const groups = presetGroups('ant', tinyConfig);
  expect(groups['item.image']).toEqual({ start: 'reinit', scope: 'federated' });
  expect(groups['sequence.position']).toEqual({ start: 'reinit', scope: 'federated' });
  expect(groups['item.norm']).toEqual({ start: 'pretrained', scope: 'federated' });
  expect(groups['sequence.block.0.attention']).toEqual({ start: 'pretrained', scope: 'frozen' });
});

test('fedper and lg-fedavg keep opposite ends at the site', () => {
  expect(presetGroups('fedper', tinyConfig)['sequence.block.0.attention']?.scope).toBe('local');
  expect(presetGroups('fedper', tinyConfig)['item.text']?.scope).toBe('federated');
  expect(presetGroups('lg-fedavg', tinyConfig)['sequence.block.0.attention']?.scope).toBe('federated');
  expect(presetGroups('lg-fedavg', tinyConfig)['item.text']?.scope).toBe('local');
});
