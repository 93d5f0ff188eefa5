import { createCipheriv, createHash } from 'node:crypto';

import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { treeAggregation } from '../accountant/tree-aggregation.ts';
import type { RandomSource } from './random-integers.ts';
import { mostNodesBetween, prefixNodes, TreeNoise, type TreeNode } from './tree-noise.ts';

/** The same stream for the same seed and node. */
const randomOf =
  (seed: number, asked: TreeNode[] = []) =>
  (node: TreeNode): RandomSource => {
    asked.push(node);
    const key = createHash('sha256').update(`${seed} ${node.level} ${node.index}`).digest();
    const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
    return (bytes) => stream.update(new Uint8Array(bytes));
  };

const variance = { numerator: 25n, denominator: 1n };
const tree = (seed: number, asked: TreeNode[] = []): TreeNoise =>
  new TreeNoise({ variance, randomOf: randomOf(seed, asked) });

function between(noise: TreeNoise, from: number, to: number, length = 4): number[] {
  const next = noise.between(from, to);
  return Array.from({ length }, next);
}

const prefix = (seed: number, count: number, length = 4): number[] => between(tree(seed), 0, count, length);

test('a prefix consists of whole subtrees that cover it once, as many as its count has binary digits 1', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5000 }), (count) => {
      const nodes = prefixNodes(count);
      const covered = nodes.flatMap(({ level, index }) =>
        Array.from({ length: 2 ** level }, (_, at) => index * 2 ** level + 1 + at),
      );
      expect(covered).toEqual(Array.from({ length: count }, (_, at) => at + 1));
      expect(nodes).toHaveLength(count.toString(2).replaceAll('0', '').length);
    }),
    { numRuns: 50 },
  );
});

/** All nodes that prefixes of a stream ever consist of. */
function usedNodes(elements: number): TreeNode[] {
  const used = new Map<string, TreeNode>();
  for (let count = 1; count <= elements; count++) {
    for (const node of prefixNodes(count)) used.set(`${node.level} ${node.index}`, node);
  }
  return [...used.values()];
}

const holds = ({ level, index }: TreeNode, element: number): boolean => Math.ceil(element / 2 ** level) === index + 1;

test('an element is in as many nodes as the accountant counts, of all that the stream ever uses', () => {
  for (const elements of [1, 2, 3, 7, 8, 100]) {
    const nodes = usedNodes(elements);
    const all = Array.from({ length: elements }, (_, at) => at + 1);
    const most = Math.max(...all.map((element) => nodes.filter((node) => holds(node, element)).length));
    expect(most).toBe(treeAggregation(1, elements).steps);
  }
});

test('a customer who comes back costs the square of its elements in every node, for the worst place to begin', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 80 }), (elements, period) => {
      const nodes = usedNodes(elements);
      const costs = Array.from({ length: Math.min(period, elements) }, (_, slot) => {
        const own = Array.from({ length: elements }, (__, at) => at + 1).filter(
          (e) => e % period === (slot + 1) % period,
        );
        return nodes.reduce((sum, node) => sum + own.filter((element) => holds(node, element)).length ** 2, 0);
      });
      expect(treeAggregation(1, elements, period).steps).toBe(Math.max(...costs));
    }),
    { numRuns: 60 },
  );
  // In all of four elements: the nodes 1, 1..2, 3 and 1..4 hold 1, 2, 1 and 4 of them.
  expect(treeAggregation(1, 4, 1).steps).toBe(1 + 4 + 1 + 16);
});

test('the noise of a prefix has popcount(t) times the variance of a node', () => {
  const length = 4000;
  for (const [count, nodes] of [
    [1, 1],
    [3, 2],
    [4, 1],
    [7, 3],
    [8, 1],
    [31, 5],
  ] as const) {
    const chiSquare = prefix(1, count, length).reduce((sum, value) => sum + value ** 2, 0) / (25 * nodes);
    // Six standard deviations, with a fixed seed.
    expect(Math.abs(chiSquare - length)).toBeLessThan(6 * Math.sqrt(2 * length));
  }
});

test('what lies between two prefixes is drawn from the nodes that they do not share', () => {
  const asked: TreeNode[] = [];
  // 1..5 is node 1..4 and leaf 5; 1..6 is node 1..4 and node 5..6.
  between(tree(2, asked), 5, 6);
  expect(asked).toEqual([
    { level: 1, index: 2 },
    { level: 0, index: 4 },
  ]);
  expect(mostNodesBetween(6)).toBe(6);
  expect(between(tree(2), 6, 6)).toEqual([0, 0, 0, 0]);
});

test('steps of any width add up to the noise of the prefix, wherever the tree is started again from its secret', () => {
  fc.assert(
    fc.property(fc.integer(), fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (seed, ends) => {
      const stops = ends.toSorted((a, b) => a - b);
      const sum = [0, 0, 0, 0];
      stops.forEach((to, at) => {
        // A new object each time: nothing but the secret is kept.
        between(tree(seed), stops[at - 1] ?? 0, to).forEach((value, place) => (sum[place] = (sum[place] ?? 0) + value));
      });
      expect(sum).toEqual(prefix(seed, stops.at(-1) ?? 0));
    }),
    { numRuns: 50 },
  );
  expect(prefix(3, 13)).not.toEqual(prefix(4, 13));
});

test('a count that no stream has is refused, and a way back', () => {
  for (const count of [-1, 1.5, 2 ** 33]) {
    expect(() => prefix(1, count)).toThrow(expect.objectContaining({ code: 'out-of-range' }));
  }
  expect(() => tree(1).between(3, 2)).toThrow(/back/);
  expect(() => treeAggregation(1, 2 ** 15, 2)).toThrow(/16384/);
  expect(() => treeAggregation(1, 8, 0)).toThrow(/come back/);
});
