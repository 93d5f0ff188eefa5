import { createCipheriv, createHash } from 'node:crypto';

import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { treeAggregation } from '../accountant/tree-aggregation.ts';
import type { RandomSource } from './random-integers.ts';
import { prefixNodes, TreeNoise, type TreeNode } from './tree-noise.ts';

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
const tree = (seed: number, length = 4, asked: TreeNode[] = []): TreeNoise =>
  new TreeNoise({ variance, length, randomOf: randomOf(seed, asked) });

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

test('an element is in as many nodes as the accountant counts, of all that the stream ever uses', () => {
  for (const elements of [1, 2, 3, 7, 8, 100]) {
    const used = new Map<string, TreeNode>();
    for (let count = 1; count <= elements; count++) {
      for (const node of prefixNodes(count)) used.set(`${node.level} ${node.index}`, node);
    }
    const holds = (element: number): number =>
      [...used.values()].filter(({ level, index }) => Math.ceil(element / 2 ** level) === index + 1).length;
    const most = Math.max(...Array.from({ length: elements }, (_, at) => holds(at + 1)));
    expect(most).toBe(treeAggregation(1, elements).steps);
  }
});

test('the noise of a prefix has popcount(t) times the variance of a node', () => {
  const length = 4000;
  const noise = tree(1, length);
  for (const [count, nodes] of [
    [1, 1],
    [3, 2],
    [4, 1],
    [7, 3],
    [8, 1],
    [31, 5],
  ] as const) {
    const chiSquare = noise.prefix(count).reduce((sum, value) => sum + value ** 2, 0) / (25 * nodes);
    // Six standard deviations, with a fixed seed.
    expect(Math.abs(chiSquare - length)).toBeLessThan(6 * Math.sqrt(2 * length));
  }
});

test('a node is drawn once, however many prefixes it is in', () => {
  const asked: TreeNode[] = [];
  const noise = tree(2, 4, asked);
  const prefixes = Array.from({ length: 16 }, (_, at) => noise.prefix(at + 1));
  expect(asked).toHaveLength(16);
  expect(new Set(asked.map(({ level, index }) => `${level} ${index}`)).size).toBe(16);
  // 1..5 is node 1..4 and leaf 5; 1..6 is node 1..4 and node 5..6: what both share cancels.
  const leaf5 = new TreeNoise({ variance, length: 4, randomOf: () => randomOf(2)({ level: 0, index: 4 }) }).prefix(1);
  expect(prefixes[4]?.map((value, at) => value - (prefixes[3]?.[at] ?? 0))).toEqual(leaf5);
});

test('started again from its secret the tree goes on as it was, wherever it stopped', () => {
  const whole = tree(3);
  const expected = Array.from({ length: 40 }, (_, at) => whole.prefix(at + 1));
  for (const count of [40, 13, 32, 1]) expect(tree(3).prefix(count)).toEqual(expected[count - 1]);
  expect(tree(4).prefix(13)).not.toEqual(expected[12]);
});

test('increments add up to the noise of the prefix', () => {
  const noise = tree(5);
  const sum = new Float64Array(4);
  for (let count = 1; count <= 21; count++)
    noise.increment(count).forEach((value, at) => (sum[at] = (sum[at] ?? 0) + value));
  expect(sum).toEqual(tree(5).prefix(21));
});

test('a count that no stream has is refused', () => {
  for (const count of [-1, 1.5, 2 ** 33]) {
    expect(() => tree(1).prefix(count)).toThrow(expect.objectContaining({ code: 'out-of-range' }));
  }
});
