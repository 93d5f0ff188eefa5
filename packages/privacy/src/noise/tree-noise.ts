import { PrivacyError } from '../errors.ts';
import { DiscreteGaussian, type Rational } from './discrete-gaussian.ts';
import type { RandomSource } from './random-integers.ts';

/** A node of the binary tree over a stream: the sum of its elements index * 2^level + 1 .. (index + 1) * 2^level. */
export interface TreeNode {
  readonly level: number;
  readonly index: number;
}

/** The whole subtrees that elements 1 .. count consist of, largest first: one for each binary digit 1 of the count. */
export function prefixNodes(count: number): TreeNode[] {
  assertCount(count);
  const nodes: TreeNode[] = [];
  let before = 0;
  for (let level = 32; level >= 0; level--) {
    const size = 2 ** level;
    if (Math.floor(count / size) % 2 === 0) continue;
    nodes.push({ level, index: before / size });
    before += size;
  }
  return nodes;
}

/** Most nodes whose noise lies between two prefixes of a stream: all of both. */
export function mostNodesBetween(elements: number): number {
  assertCount(elements);
  return 2 * Math.ceil(Math.log2(elements + 1));
}

/**
 * Noise for the prefix sums of a stream (binary tree aggregation: Dwork et al. 2010, Chan et al. 2011; as DP-FTRL uses it,
 * Kairouz et al. 2021): every node of a binary tree carries one exact discrete Gaussian vector, a prefix sum the noise of the
 * nodes it consists of. So after t elements the noise of all that is released has variance popcount(t) * sigma^2, and not
 * t * sigma^2. `treeAggregation` counts what it costs.
 *
 * `randomOf` must give the same bytes for the same node each time it is asked: a node that is in several prefixes has one
 * noise, also after a restart. Fresh noise for a node that was used before would let the two be averaged.
 */
export class TreeNoise {
  readonly #variance: Rational;
  readonly #randomOf: (node: TreeNode) => RandomSource;

  /** @param o.variance of a node, in squared quanta, > 0 */
  constructor(o: { readonly variance: Rational; readonly randomOf: (node: TreeNode) => RandomSource }) {
    this.#variance = o.variance;
    this.#randomOf = o.randomOf;
  }

  /**
   * What is added to the sum of elements from + 1 .. to, so that whoever has the sum of 1 .. `from` with its noise then has that of
   * 1 .. `to` with its own: the prefixes' noise apart, without the nodes that both consist of. A function that gives the
   * vector's elements one after the other, whole quanta.
   *
   * @throws PrivacyError `out-of-range`
   */
  between(from: number, to: number): () => number {
    if (from > to) throw new PrivacyError('out-of-range', `A stream does not go from ${from} back to ${to}.`);
    const [before, after] = [prefixNodes(from), prefixNodes(to)];
    const terms = [
      ...missingIn(before, after).map((node) => ({ sign: 1, gaussian: this.#gaussian(node) })),
      ...missingIn(after, before).map((node) => ({ sign: -1, gaussian: this.#gaussian(node) })),
    ];
    return () => terms.reduce((sum, { sign, gaussian }) => sum + sign * Number(gaussian.sample()), 0);
  }

  #gaussian(node: TreeNode): DiscreteGaussian {
    return new DiscreteGaussian(this.#variance, this.#randomOf(node));
  }
}

function missingIn(these: readonly TreeNode[], nodes: readonly TreeNode[]): TreeNode[] {
  return nodes.filter(({ level, index }) => !these.some((node) => node.level === level && node.index === index));
}

function assertCount(count: number): void {
  if (Number.isSafeInteger(count) && count >= 0 && count <= 2 ** 32) return;
  throw new PrivacyError('out-of-range', `A stream has 0 .. 2^32 elements, not ${count}.`);
}
