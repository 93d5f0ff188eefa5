/** One relevant item a customer, so every metric is a function of its rank (1 = first). Values in [0, 1], one a customer. */

/** 1 where the item is among the first k. */
export function hitRate(ranks: Int32Array, k: number): Float64Array {
  return Float64Array.from(ranks, (rank) => (rank <= k ? 1 : 0));
}

/** Discounted gain 1 / log2(rank + 1) among the first k; the ideal gain is 1. Without k there is no cut-off. */
export function ndcg(ranks: Int32Array, k: number = Number.POSITIVE_INFINITY): Float64Array {
  return Float64Array.from(ranks, (rank) => (rank <= k ? 1 / Math.log2(rank + 1) : 0));
}

/** Reciprocal rank among the first k, without k no cut-off; its mean is the MRR. */
export function reciprocalRank(ranks: Int32Array, k: number = Number.POSITIVE_INFINITY): Float64Array {
  return Float64Array.from(ranks, (rank) => (rank <= k ? 1 / rank : 0));
}

/** NaN for no values. */
export function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
