import { evaluationCustomers, heldOut, type EvaluationSet, type Study } from '../study/study.ts';
import type { HistoryRule, Ranker, Scores } from './ranker.ts';

/** One customer's next purchase, and what a model made of it. */
export interface HeldOutCase {
  readonly history: Int32Array;
  readonly target: number;
  /** [items]; valid during the visit. */
  readonly scores: Scores;
}

/** Shows every held-out purchase of a set with its scores, in the order of the set's customers. */
export async function forEachHeldOut(
  study: Study,
  o: {
    readonly ranker: Ranker;
    readonly on: EvaluationSet;
    readonly history: HistoryRule;
    readonly signal?: AbortSignal;
  },
  visit: (found: HeldOutCase) => void,
): Promise<void> {
  const customers = evaluationCustomers(study, o.on);
  for (let start = 0; start < customers.length; start += o.ranker.batch) {
    o.signal?.throwIfAborted();
    const cases = Array.from(customers.subarray(start, start + o.ranker.batch), (customer) =>
      heldOut(study, customer, o.on),
    );
    const rows = await o.ranker.scores(
      cases.map(({ history }) => history),
      o.history,
    );
    cases.forEach(({ history, target }, at) => visit({ history, target, scores: rows[at] as Scores }));
  }
}
