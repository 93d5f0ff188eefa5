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
