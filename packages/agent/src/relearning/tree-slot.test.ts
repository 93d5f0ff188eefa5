import { expect, test } from 'vitest';
import { examplePrivacy } from '../testing/plans.ts';
import { isDue } from './tree-slot.ts';

const customers = Array.from({ length: 400 }, (_, at) => `loyalty-${at}`);

function due(tree: string, leaf: number): string[] {
  const mechanism = { kind: 'tree', rounds: 16, sites: 5, place: { tree, leaf } } as const;
  return customers.filter((customer) => isDue(customer, { ...examplePrivacy, samplingRate: 1 / 8, mechanism }));
}

test('every customer is in one of a period’s rounds, and in the next period’s at the same place', () => {
  const tree = 'ab'.repeat(16);
  const leaves = Array.from({ length: 8 }, (_, at) => due(tree, at + 1));
  expect(leaves.flat().toSorted()).toEqual(customers.toSorted());
  for (const [at, some] of leaves.entries()) {
    expect(due(tree, at + 9)).toEqual(some);
    // 50 of 400 are expected in each: five standard deviations of a fixed hash.
    expect(Math.abs(some.length - 50)).toBeLessThan(5 * Math.sqrt(400 * (1 / 8) * (7 / 8)));
  }
});

test('another tree draws other places', () => {
  expect(due('cd'.repeat(16), 1)).not.toEqual(due('ab'.repeat(16), 1));
});

test('without a tree everybody may be in every round', () => {
  expect(customers.every((customer) => isDue(customer, examplePrivacy))).toBe(true);
});
