import { hitRate, ndcg } from './metrics.ts';

/** How well a model ranked each customer's held-out item. All arrays are in the order of `customers`. */
export interface CustomerScores {
  /** Customer numbers of the study, ascending: scores of two models on one set pair up. */
  readonly customers: Int32Array;
  /** Place of the held-out item among all items the customer did not have, from 1. */
  readonly ranks: Int32Array;
  readonly ndcgAt10: Float64Array;
  readonly hitAt10: Float64Array;
  /** NDCG without cut-off: tells more than hits where customers are few. */
  readonly ndcg: Float64Array;
}

export function customerScores(customers: Int32Array, ranks: Int32Array): CustomerScores {
  return { customers, ranks, ndcgAt10: ndcg(ranks, 10), hitAt10: hitRate(ranks, 10), ndcg: ndcg(ranks) };
}
