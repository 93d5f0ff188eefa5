import { describe, expect, test } from 'vitest';
import { tinyConfig } from '../testing/tiny-study.ts';
import { groupOf, isUsed, parameterGroups } from './groups.ts';

const names = (config = tinyConfig): string[] => parameterGroups(config).map(({ name }) => name);

test.each(['sum+hadamard', 'concat', 'attention'] as const)(
  'with %s fusion the groups partition the parameters',
  (fusion) => {
    const groups = parameterGroups({ ...tinyConfig, layers: 2, fusion });
    const tensors = groups.flatMap(({ name, tensors: of }) => of.map((tensor) => ({ group: name, ...tensor })));
    expect(new Set(tensors.map(({ name }) => name)).size).toBe(tensors.length);
    for (const { group, name } of tensors) expect(groupOf(name)).toBe(group);
  },
);

test('the groups are those of the plan', () => {
  expect(names({ ...tinyConfig, layers: 2 })).toEqual([
    'item.text',
    'item.image',
    'item.price',
    'item.scale',
    'item.norm',
    'sequence.position',
    'sequence.block.0.attention',
    'sequence.block.0.feedforward',
    'sequence.block.1.attention',
    'sequence.block.1.feedforward',
  ]);
  expect(names({ ...tinyConfig, fusion: 'attention' })).toContain('item.fusion');
});

test('one expert has no gate, several have one', () => {
  const gates = (experts: number): number =>
    parameterGroups({ ...tinyConfig, experts: { text: experts, image: 1, price: 1 } })
      .flatMap(({ tensors }) => tensors)
      .filter(({ name }) => name.includes('gate')).length;
  expect([gates(1), gates(4)]).toEqual([0, 2]);
});

test('at ANT’s own size the groups have its number of parameters', () => {
  const ant = { ...tinyConfig, dimension: 256, layers: 2, feedForward: 256, maximumLength: 50 };
  const groups = parameterGroups({
    ...ant,
    experts: { text: 8, image: 8, price: 8 },
    features: { text: 768, image: 1024, price: 64 },
  });
  const size = (prefix: string): number =>
    groups
      .filter(({ name }) => name.startsWith(prefix))
      .flatMap(({ tensors }) => tensors)
      .reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0);
  const gates = (features: number): number => 2 * features * 8;
  expect(size('item.text')).toBe(1_579_008 + gates(768));
  expect(size('item.image')).toBe(2_105_344 + gates(1024));
  expect(size('item.price')).toBe(133_120 + gates(64));
  expect(size('sequence.position')).toBe(12_800);
  expect(size('item.norm')).toBe(512);
  // ANT's key biases (2 x 256) are left out: they have no effect.
  expect(size('sequence.block')).toBe(791_552 - 2 * 256);
});

describe('a stage without images', () => {
  test('does not touch what belongs to images', () => {
    const stage = ['text', 'price'] as const;
    expect(isUsed('item.image/expert.0.weight', stage)).toBe(false);
    expect(isUsed('item.scale/image', stage)).toBe(false);
    expect(isUsed('item.fusion/image.missing', stage)).toBe(false);
  });

  test('keeps everything else', () => {
    const stage = ['text', 'price'] as const;
    for (const name of ['item.text/expert.0.bias', 'item.scale/price', 'item.fusion/query.weight', 'item.norm/gain'])
      expect(isUsed(name, stage)).toBe(true);
  });
});
