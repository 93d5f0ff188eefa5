import type { Sequences } from '@noren/dataset';
import { expect, test } from 'vitest';
import { coOccurrence, coOccurrenceScores, type CoOccurrence } from './co-occurrence.ts';
import { popularity } from './popularity.ts';

const sequences: Sequences = {
  customers: ['a', 'b'],
  offsets: Int32Array.of(0, 4, 6),
  items: Int32Array.of(0, 1, 2, 3, 1, 2),
  times: new Float64Array(6),
};

function row({ neighbours }: CoOccurrence, item: number): (readonly [item: number, count: number | undefined])[] {
  const found = neighbours[item];
  return Array.from(found?.items ?? [], (other, at) => [other, found?.counts[at]] as const).toSorted(
    ([a], [b]) => a - b,
  );
}

test('followers weigh one over their distance and never cross customers', () => {
  const pairs = coOccurrence(sequences, 4);
  expect(row(pairs, 0)).toEqual([
    [1, 1],
    [2, 1 / 2],
    [3, Math.fround(1 / 3)],
  ]);
  expect(row(pairs, 1)).toEqual([
    [2, 2],
    [3, 1 / 2],
  ]);
  expect(row(pairs, 3)).toEqual([]);
});

test('nearer items of the history weigh more', () => {
  const pairs = coOccurrence(sequences, 4);
  const scores = coOccurrenceScores(pairs, Int32Array.of(0, 1));
  expect(scores[2]).toBeCloseTo(2 + 1 / 2 / 2, 12);
  expect(scores[3]).toBeCloseTo(1 / 2 + 1 / 3 / 2, 6);
  expect(coOccurrenceScores(pairs, Int32Array.of(1), Float64Array.of(1, 0, 0, 1))).toEqual(
    Float64Array.of(1, 0, 2, 1.5),
  );
});

test('pairs can count backwards, and distance as much or as little as wanted', () => {
  expect(row(coOccurrence(sequences, 4, { backward: 0.5, decay: 0, window: 2 }), 1)).toEqual([
    [0, 0.5],
    [2, 2],
    [3, 1],
  ]);
  const flat = coOccurrence(sequences, 4, { recency: 0 });
  expect(coOccurrenceScores(flat, Int32Array.of(0, 1))[3]).toBeCloseTo(1 / 2 + 1 / 3, 6);
});

test('an item’s counts can be divided by their sum, or by a power of it', () => {
  const roots = coOccurrence(sequences, 4, { normalisation: 0.5, decay: 0 });
  expect(row(roots, 1)).toEqual([
    [2, Math.fround(2 / Math.sqrt(3))],
    [3, Math.fround(1 / Math.sqrt(3))],
  ]);
  const shares = row(coOccurrence(sequences, 4, { normalisation: 1 }), 0);
  expect(shares.reduce((sum, [, share = 0]) => sum + share, 0)).toBeCloseTo(1, 6);
});

test('popularity counts purchases', () => {
  expect([...popularity(sequences, 5)]).toEqual([1, 2, 2, 1, 0]);
});
