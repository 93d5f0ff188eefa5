import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Sequences } from './retail-data.ts';
import { splitSequences } from './split.ts';

function sequencesOf(lengths: readonly number[]): Sequences {
  const offsets = Int32Array.from([0, ...lengths.map((_, at) => lengths.slice(0, at + 1).reduce((a, b) => a + b, 0))]);
  const total = offsets.at(-1) ?? 0;
  return {
    customers: lengths.map((_, at) => `customer ${at}`),
    offsets,
    items: Int32Array.from({ length: total }, (_, at) => at),
    times: Float64Array.from({ length: total }, (_, at) => at * 1000),
  };
}

test('the last item tests, the second last validates, the rest trains; short customers train only', () => {
  const split = splitSequences(sequencesOf([4, 2, 3]));
  expect([...split.evaluationCustomers]).toEqual([0, 2]);
  expect([...split.testItems]).toEqual([3, -1, 8]);
  expect([...split.validationItems]).toEqual([2, -1, 7]);
  expect([...split.trainSequences.offsets]).toEqual([0, 2, 4, 5]);
  expect([...split.trainSequences.items]).toEqual([0, 1, 4, 5, 6]);
  expect([...split.trainSequences.times]).toEqual([0, 1000, 4000, 5000, 6000]);
});

test('no item is in two parts, and early stopping, proposal and gate share no customer', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(6), { maxLength: 40 }), fc.nat(), (lengths, seed) => {
      const sequences = sequencesOf(lengths);
      const split = splitSequences(sequences, { seed });
      const heldOut = [...split.validationItems, ...split.testItems].filter((item) => item >= 0);
      const all = [...split.trainSequences.items, ...heldOut];
      expect(new Set(all).size).toBe(all.length);
      expect(all.length).toBe(sequences.items.length);
      const groups = [...split.earlyStopping, ...split.proposal, ...split.gate];
      expect(groups.toSorted((a, b) => a - b)).toEqual([...split.evaluationCustomers]);
      expect(new Set(groups).size).toBe(groups.length);
    }),
  );
});

test('a quarter of the customers stops trainings, a quarter proposes', () => {
  const split = splitSequences(sequencesOf(Array.from({ length: 4000 }, () => 3)));
  // Four standard deviations of a binomial with 4000 draws: 0.029.
  expect(Math.abs(split.earlyStopping.length / 4000 - 0.25)).toBeLessThan(0.029);
  expect(Math.abs(split.proposal.length / 4000 - 0.25)).toBeLessThan(0.029);
});

test('a customer stays on the same side when others leave, and another seed divides anew', () => {
  const all = sequencesOf(Array.from({ length: 200 }, () => 3));
  const fewer: Sequences = {
    customers: all.customers.slice(100),
    offsets: all.offsets.slice(0, 101),
    items: all.items.slice(0, 300),
    times: all.times.slice(0, 300),
  };
  const names = (sequences: Sequences, customers: Int32Array): string[] =>
    [...customers].map((customer) => sequences.customers[customer] ?? '');
  const before = new Set(names(all, splitSequences(all).gate));
  for (const name of names(fewer, splitSequences(fewer).gate)) expect(before).toContain(name);
  expect(names(all, splitSequences(all, { seed: 2 }).gate)).not.toEqual([...before]);
});

const DAY = 86_400_000;

/** Sequences of (day, item) by customer. */
function bought(...customers: readonly (readonly (readonly [number, number])[])[]): Sequences {
  const rows = customers.flat();
  const { customers: names, offsets } = sequencesOf(customers.map((purchases) => purchases.length));
  return {
    customers: names,
    offsets,
    items: Int32Array.from(rows, ([, item]) => item),
    times: Float64Array.from(rows, ([day]) => day * DAY),
  };
}

const cuts = { validation: 10 * DAY, test: 20 * DAY };

test('split by time, all before the first cut trains and the next purchase after each cut is held out', () => {
  const everything = [
    [1, 0],
    [9, 1],
    [10, 2],
    [19, 3],
    [20, 4],
    [25, 5],
  ] as const;
  const neverBetween = [
    [2, 6],
    [30, 7],
  ] as const;
  const newCustomer = [
    [12, 8],
    [22, 9],
  ] as const;
  const gone = [
    [3, 10],
    [4, 11],
    [5, 12],
  ] as const;
  const split = splitSequences(bought(everything, neverBetween, newCustomer, gone), { cuts });
  expect([...split.trainSequences.items]).toEqual([0, 1, 6, 10, 11, 12]);
  expect([...split.trainSequences.offsets]).toEqual([0, 2, 3, 3, 6]);
  expect([...split.validationItems]).toEqual([2, -1, -1, -1]);
  expect([...split.testItems]).toEqual([4, 7, -1, -1]);
  expect([...split.evaluationCustomers]).toEqual([0, 1]);
  expect([...split.earlyStopping, ...split.proposal, ...split.gate]).toEqual([0]);
});

test('split by time, nothing that happens after a cut is known before it', () => {
  const purchase = fc.tuple(fc.nat(30), fc.nat(9));
  const sequence = fc.array(purchase, { maxLength: 8 }).map((one) => one.toSorted(([a], [b]) => a - b));
  fc.assert(
    fc.property(fc.array(sequence, { maxLength: 12 }), fc.nat(), (drawn, seed) => {
      const anchor = [
        [0, 0],
        [29, 1],
      ] as const;
      const sequences = bought(anchor, ...drawn);
      const split = splitSequences(sequences, { cuts, seed });
      expect(Math.max(...split.trainSequences.times)).toBeLessThan(cuts.validation);
      // A model of that day does not change with what customers do later.
      const untilThen = bought(anchor, ...drawn.map((one) => one.filter(([day]) => day < 10)));
      expect(splitSequences(untilThen, { cuts, seed }).trainSequences).toEqual(split.trainSequences);
      for (const [customer, purchases] of [anchor, ...drawn].entries()) {
        const train = purchases.filter(([day]) => day < 10);
        const next = (from: number, to: number): number =>
          train.length === 0 ? -1 : (purchases.find(([day]) => day >= from && day < to)?.[1] ?? -1);
        expect(split.validationItems[customer]).toBe(next(10, 20));
        expect(split.testItems[customer]).toBe(next(20, 31));
      }
      const validating = [...split.earlyStopping, ...split.proposal, ...split.gate].toSorted((a, b) => a - b);
      expect(validating).toEqual(
        [...split.validationItems.keys()].filter((c) => (split.validationItems[c] ?? -1) >= 0),
      );
    }),
  );
});

test('split by time, customers too new to start from train only', () => {
  const split = splitSequences(
    bought(
      [
        [1, 0],
        [21, 1],
      ],
      [
        [1, 2],
        [2, 3],
        [21, 4],
      ],
    ),
    { cuts, minimumSequence: 4 },
  );
  expect([...split.evaluationCustomers]).toEqual([1]);
  expect([...split.trainSequences.items]).toEqual([0, 2, 3]);
});

test.each([
  ['before all purchases', { validation: -5, test: -1 }],
  ['after all purchases', { validation: 40, test: 50 }],
  ['in the wrong order', { validation: 20, test: 10 }],
])('cuts %s are refused', (_, { validation, test: last }) => {
  const sequences = bought([
    [1, 0],
    [15, 1],
    [25, 2],
  ]);
  expect(() => splitSequences(sequences, { cuts: { validation: validation * DAY, test: last * DAY } })).toThrow(
    expect.objectContaining({ code: 'split-invalid' }) as Error,
  );
});
