import { expect, test } from 'vitest';
import { tinyBackbone } from '../testing/tiny-backbone.ts';
import { tinyPlan } from '../testing/tiny-plan.ts';
import { tinyConfig } from '../testing/tiny-study.ts';
import { groupOf, parameterGroups } from './groups.ts';
import { backboneValues, freshValues, startValues } from './start-values.ts';

const backbone = tinyBackbone();
const ant = tinyPlan('ant').groups;

test('pretrained groups keep the backbone’s values, the others get fresh ones', () => {
  const values = startValues(backbone, ant, 3);
  for (const { name, initial } of parameterGroups(tinyConfig).flatMap(({ tensors }) => tensors)) {
    const pretrained = backbone.tensors.get(name)?.data;
    if (ant[groupOf(name)]?.start === 'pretrained') expect(values.get(name), name).toEqual(pretrained);
    else if (initial.kind === 'normal') expect(values.get(name), name).not.toEqual(pretrained);
  }
});

test('fresh values depend on the seed only, not on what else is fresh', () => {
  const partly = startValues(backbone, ant, 3);
  const wholly = freshValues(tinyConfig, 3);
  expect(partly.get('item.text/expert.0.weight')).toEqual(wholly.get('item.text/expert.0.weight'));
  expect(freshValues(tinyConfig, 4).get('item.text/expert.0.weight')).not.toEqual(
    wholly.get('item.text/expert.0.weight'),
  );
});

test('fresh projections have Xavier’s deviation and scales start where the config says', () => {
  const values = freshValues({ ...tinyConfig, features: { text: 96, image: 64, price: 16 }, dimension: 48 }, 1);
  const weights = values.get('item.text/expert.0.weight') ?? new Float32Array();
  const deviation = Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0) / weights.length);
  expect(deviation).toBeCloseTo(Math.sqrt(2 / (96 + 48)), 2);
  expect(Math.exp(values.get('item.scale/image')?.[0] ?? 0)).toBeCloseTo(0.5, 6);
});

test('values are copies: training them does not change the backbone', () => {
  const values = backboneValues(backbone);
  values.get('item.norm/gain')?.fill(9);
  expect(backbone.tensors.get('item.norm/gain')?.data).toEqual(new Float32Array(8).fill(1));
});

test('a plan for other groups is refused by name', () => {
  const { 'item.norm': _, ...rest } = ant;
  expect(() => startValues(backbone, rest, 1)).toThrow(/lacks item\.norm/);
  expect(() => startValues(backbone, { ...ant, 'item.video': { start: 'reinit' } }, 1)).toThrow(/item\.video/);
});
