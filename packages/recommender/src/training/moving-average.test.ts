import { expect, test } from 'vitest';
import { MovingAverage } from './moving-average.ts';

const model = (value: number): Map<string, Float32Array> => new Map([['item.norm/gain', Float32Array.of(value)]]);

function averagesOf(decay: number, values: readonly number[]): (number | undefined)[] {
  const average = new MovingAverage(decay);
  return values.map((value) => average.add(model(value)).get('item.norm/gain')?.[0]);
}

test('the first values are the average, later ones enter it in part', () => {
  expect(averagesOf(0.5, [4, 8, 2])).toEqual([4, 6, 4]);
});

test('without decay the average follows the values', () => {
  expect(averagesOf(0, [4, 8, 2])).toEqual([4, 8, 2]);
});
