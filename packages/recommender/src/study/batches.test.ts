import { expect, test } from 'vitest';
import { seededRandom } from '../random/seeded-random.ts';
import { tinyStudy } from '../testing/tiny-study.ts';
import { batchShape, epochBatches, type BatchArrays, type BatchShape } from './batches.ts';

const ITEMS = 200;
const { windows } = tinyStudy(undefined, { customers: 50, items: ITEMS });

const all = Int32Array.from({ length: ITEMS }, (_, item) => item);

function batchesOf(shape: BatchShape, seed = 1, rivals: Int32Array = all): BatchArrays[] {
  const draws = { rivals, alignable: new Uint8Array(ITEMS).fill(1), random: seededRandom(seed, 'batches') };
  const batches = epochBatches(windows, shape, ITEMS, draws);
  return Array.from(batches, (batch) => structuredClone(batch));
}

/** "had > next" for every weighted position, with names from the catalogue. */
function pairs(batch: BatchArrays): string[] {
  const { histories = [], places = [], targets = [], weights = [], candidates } = batch;
  const item = (row: number | undefined): number | undefined =>
    candidates === undefined ? row : candidates[row ?? -1];
  return Array.from(weights, (weight, at) =>
    weight === 0 ? '' : `${item(histories[places[at] ?? -1])}>${item(targets[at])}`,
  ).filter((pair) => pair !== '');
}

const expected = Array.from({ length: windows.count }, (_, row) =>
  Array.from({ length: windows.sizes[row] ?? 0 }, (__, at) => {
    const place = row * windows.length + at;
    return `${windows.inputs[place]}>${windows.targets[place]}`;
  }),
).flat();

test.each([
  ['the whole catalogue', ITEMS],
  ['sampled candidates', 64],
])('with %s an epoch predicts every position once', (_, candidates) => {
  const shape = batchShape(windows, { batchSize: 8, items: ITEMS, candidates, aligned: 0 });
  const found = batchesOf(shape).flatMap(pairs);
  expect(found.toSorted()).toEqual(expected.toSorted());
});

test('sampled candidates are distinct and fill the batch', () => {
  const shape = batchShape(windows, { batchSize: 4, items: ITEMS, candidates: 64, aligned: 0 });
  expect(shape.candidates).toBeLessThan(ITEMS);
  for (const { candidates } of batchesOf(shape)) {
    expect(new Set(candidates).size).toBe(shape.candidates);
    expect(Math.max(...(candidates ?? []))).toBeLessThan(ITEMS);
  }
});

test('what the customer has at a position is no rival there, everything else is', () => {
  const shape = batchShape(windows, { batchSize: 8, items: ITEMS, candidates: ITEMS, aligned: 0 });
  for (const batch of batchesOf(shape)) {
    const { histories = new Int32Array(), places = [], weights = [], excluded = new Float32Array() } = batch;
    for (let at = 0; at < shape.places; at += 1) {
      const row = excluded.subarray(at * ITEMS, (at + 1) * ITEMS);
      const place = places[at] ?? 0;
      const had = weights[at] === 0 ? [] : [...histories.subarray(place - (place % shape.length), place + 1)];
      const out = [...row.keys()].filter((item) => (row[item] ?? 0) < 0);
      expect(out).toEqual([...new Set(had)].toSorted((a, b) => a - b));
    }
  }
});

test('the order depends on the seed', () => {
  const shape = batchShape(windows, { batchSize: 8, items: ITEMS, candidates: ITEMS, aligned: 0 });
  expect(batchesOf(shape, 1)).toEqual(batchesOf(shape, 1));
  expect(batchesOf(shape, 1)).not.toEqual(batchesOf(shape, 2));
});

test('items without image or text are aligned with weight 0', () => {
  const shape = batchShape(windows, { batchSize: 8, items: ITEMS, candidates: ITEMS, aligned: 16 });
  const alignable = new Uint8Array(ITEMS).map((_, item) => item % 2);
  const draws = { rivals: all, alignable, random: seededRandom(1, 'b') };
  for (const { aligned, alignedWeights } of epochBatches(windows, shape, ITEMS, draws)) {
    expect(aligned).toHaveLength(16);
    expect([...(alignedWeights ?? [])]).toEqual(Array.from(aligned ?? [], (item) => item % 2));
  }
});

test.each([ITEMS, 60])(
  'items that nobody has bought are no rivals when the bought ones are (%i candidates)',
  (most) => {
    const bought = new Set([...windows.inputs, ...windows.targets]);
    // Padding is item 0, which nobody need have bought.
    const rivals = all.filter((item) => bought.has(item) && pairsHave(item));
    expect(rivals.length).toBeLessThan(ITEMS);
    const shape = batchShape(windows, {
      batchSize: 8,
      items: ITEMS,
      candidates: most,
      aligned: 0,
      rivals: rivals.length,
    });
    const batches = batchesOf(shape, 1, rivals);
    for (const { candidates = [] } of batches) {
      expect(new Set(candidates).size).toBe(shape.candidates);
      for (const item of candidates) expect(rivals).toContain(item);
    }
    expect(batches.flatMap(pairs).toSorted()).toEqual(expected.toSorted());
  },
);

function pairsHave(item: number): boolean {
  return expected.some((pair) => pair.split('>').includes(String(item)));
}
