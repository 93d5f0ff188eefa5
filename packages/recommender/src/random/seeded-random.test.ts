import { expect, test } from 'vitest';
import { seededRandom } from './seeded-random.ts';

const draw = (seed: number, purpose: string): number[] => {
  const random = seededRandom(seed, purpose);
  return Array.from({ length: 2000 }, () => random.uniform());
};

test('a stream depends on seed and purpose and on nothing else', () => {
  expect(draw(1, 'a')).toEqual(draw(1, 'a'));
  expect(draw(1, 'a')).not.toEqual(draw(2, 'a'));
  expect(draw(1, 'a')).not.toEqual(draw(1, 'b'));
  expect(draw(2 ** 40 + 1, 'a')).not.toEqual(draw(1, 'a'));
});

test('uniform and normal values have the moments of their distributions', () => {
  const uniform = draw(1, 'moments');
  expect(uniform.every((value) => value >= 0 && value < 1)).toBe(true);
  expect(uniform.reduce((sum, value) => sum + value, 0) / 2000).toBeCloseTo(0.5, 1);
  const random = seededRandom(1, 'normal');
  const normal = Array.from({ length: 2000 }, () => random.normal());
  expect(Math.abs(normal.reduce((sum, value) => sum + value, 0) / 2000)).toBeLessThan(0.08);
  expect(normal.reduce((sum, value) => sum + value * value, 0) / 2000).toBeCloseTo(1, 0);
});

test('a shuffle keeps what it shuffles and reaches every place', () => {
  const random = seededRandom(1, 'shuffle');
  const first = new Set<number>();
  for (let round = 0; round < 100; round += 1) {
    const order = random.shuffle([0, 1, 2, 3, 4]);
    first.add(order[0] ?? -1);
    expect(order.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
  }
  expect(first.size).toBe(5);
});
