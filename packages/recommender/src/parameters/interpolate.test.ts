import { expect, test } from 'vitest';
import { interpolate } from './interpolate.ts';

const from = new Map([['item.norm/gain', Float32Array.of(0, 4)]]);
const to = new Map([['item.norm/gain', Float32Array.of(8, 0)]]);

test('a quarter of the way from one model to another, every parameter alike', () => {
  expect(interpolate(from, to, 0.25)).toEqual(new Map([['item.norm/gain', Float32Array.of(2, 3)]]));
  expect(interpolate(from, to, 0)).toEqual(from);
  expect(interpolate(from, to, 1)).toEqual(to);
  expect(from.get('item.norm/gain')).toEqual(Float32Array.of(0, 4));
});

test('models of different parameters have nothing between them', () => {
  expect(() => interpolate(from, new Map(), 0.5)).toThrow(/different parameters/);
  expect(() => interpolate(from, new Map([['item.norm/gain', new Float32Array(3)]]), 0.5)).toThrow(/one backbone/);
});
