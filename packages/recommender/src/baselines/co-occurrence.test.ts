import type { Sequences } from '@noren/dataset';
import { expect, test } from 'vitest';
import { coOccurrence, coOccurrenceScores } from './co-occurrence.ts';
import { popularity } from './popularity.ts';

const sequences: Sequences = {
  customers: ['a', 'b'],
  offsets: Int32Array.of(0, 4, 6),
  items: Int32Array.of(0, 1, 2, 3, 1, 2),
  times: new Float64Array(6),
};

test('followers weigh one over their distance and never cross customers', () => {
  const { neighbours } = coOccurrence(sequences, 4);
  expect([...(neighbours[0] ?? [])]).toEqual([
    [1, 1],
    [2, 1 / 2],
    [3, 1 / 3],
  ]);
  expect(neighbours[1]?.get(2)).toBe(2);
  expect(neighbours[3]?.size).toBe(0);
});

test('nearer items of the history weigh more', () => {
  const pairs = coOccurrence(sequences, 4);
  const scores = coOccurrenceScores(pairs, Int32Array.of(0, 1));
  expect(scores[2]).toBeCloseTo(2 + 1 / 2 / 2, 12);
  expect(scores[3]).toBeCloseTo(1 / 2 + 1 / 3 / 2, 12);
});

test('pairs can count backwards, and distance as much or as little as wanted', () => {
  const { neighbours } = coOccurrence(sequences, 4, { backward: 0.5, decay: 0, window: 2 });
  expect([...(neighbours[1] ?? [])].toSorted(([a], [b]) => a - b)).toEqual([
    [0, 0.5],
    [2, 2],
    [3, 1],
  ]);
  const flat = coOccurrence(sequences, 4, { recency: 0 });
  expect(coOccurrenceScores(flat, Int32Array.of(0, 1))[3]).toBeCloseTo(1 / 2 + 1 / 3, 12);
});

test('popularity counts purchases', () => {
  expect([...popularity(sequences, 5)]).toEqual([1, 2, 2, 1, 0]);
});
