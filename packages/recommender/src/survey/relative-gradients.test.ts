import { expect, test } from 'vitest';
import { parameterGroups } from '../parameters/groups.ts';
import { tinyConfig } from '../testing/tiny-study.ts';
import { relativeGradients } from './relative-gradients.ts';

test('a group’s ratio is that of the norms over all its tensors', () => {
  const tensors = parameterGroups(tinyConfig).flatMap((group) => group.tensors);
  const filled = (value: number): Map<string, Float32Array> =>
    new Map(
      tensors.map(({ name, shape }) => [name, new Float32Array(shape.reduce((size, n) => size * n, 1)).fill(value)]),
    );
  const values = filled(2);
  const gradient = filled(1);
  gradient.get('item.norm/bias')?.fill(0);
  values.get('sequence.position/embedding')?.fill(0);
  gradient.get('item.price/expert.0.weight')?.fill(0);
  for (const tensor of tensors) if (tensor.name.startsWith('item.scale/')) gradient.get(tensor.name)?.fill(0);
  const ratios = relativeGradients(tinyConfig, values, gradient);
  expect(ratios.get('item.text')).toBeCloseTo(1 / 2, 12);
  // gain (1s over 2s) and bias (0s over 2s), equally many: sqrt(8) / sqrt(64).
  expect(ratios.get('item.norm')).toBeCloseTo(Math.sqrt(8 / 64), 12);
  expect(ratios.get('item.scale')).toBe(0);
  expect(ratios.get('sequence.position')).toBe(Number.POSITIVE_INFINITY);
});
