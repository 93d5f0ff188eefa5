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

/**
 * Noise for the prefix sums of a stream (binary tree aggregation: Dwork et al. 2010, Chan et al. 2011; as DP-FTRL uses it,
 * Kairouz et al. 2021): every node of a binary tree carries one exact discrete Gaussian vector, a prefix sum the noise of the
 * nodes it consists of. So after t elements the noise of all that is released has variance popcount(t) * sigma^2, and not
 * t * sigma^2. `treeAggregation` counts what it costs, without any assumption on sampling.
 *
 * A node's noise is drawn once and kept as long as prefixes use it: log2(t) vectors. `randomOf` must give the same bytes for
 * the same node each time it is asked: then a restart, from the same secret, goes on with the same tree. Fresh noise for a
 * node that was used before would let the two be averaged.
 */
export class TreeNoise {
  readonly #variance: Rational;
  readonly #length: number;
  readonly #randomOf: (node: TreeNode) => RandomSource;
  #kept = new Map<string, Float64Array>();

  /**
   * @param variance of a node, in squared quanta, > 0
   * @param length elements of the vectors
   */
  constructor(o: {
    readonly variance: Rational;
    readonly length: number;
    readonly randomOf: (node: TreeNode) => RandomSource;
  }) {
    this.#variance = o.variance;
    this.#length = o.length;
    this.#randomOf = o.randomOf;
  }

  /** Noise of the sum of elements 1 .. count, whole quanta. @throws PrivacyError `out-of-range` */
  prefix(count: number): Float64Array {
    const sum = new Float64Array(this.#length);
    const used = new Map<string, Float64Array>();
    for (const node of prefixNodes(count)) {
      const name = `${node.level} ${node.index}`;
      const noise = this.#kept.get(name) ?? this.#draw(node);
      used.set(name, noise);
      for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] ?? 0) + (noise[at] ?? 0);
    }
    // Prefixes only grow; what this one does not consist of, no later one will.
    this.#kept = used;
    return sum;
  }

  /** What is added to element `count` so that running sums carry the prefixes' noise: prefix(count) - prefix(count - 1). */
  increment(count: number): Float64Array {
    const before = this.prefix(count - 1);
    return this.prefix(count).map((value, at) => value - (before[at] ?? 0));
  }

  #draw(node: TreeNode): Float64Array {
    const gaussian = new DiscreteGaussian(this.#variance, this.#randomOf(node));
    return Float64Array.from({ length: this.#length }, () => Number(gaussian.sample()));
  }
}

function assertCount(count: number): void {
  if (Number.isSafeInteger(count) && count >= 0 && count <= 2 ** 32) return;
  throw new PrivacyError('out-of-range', `A stream has 0 .. 2^32 elements, not ${count}.`);
}
