import { evaluationCustomers, heldOut, type EvaluationSet, type Study } from '../study/study.ts';

/**
 * NDCG without cut-off, by customer, of a ranking by chance: what a network is worth that sees nothing of the items. Its
 * expectation is exact, the mean gain of all places that the items have which the customer did not.
 */
export function chanceNdcg(study: Study, on: EvaluationSet): Float64Array {
  const gains = cumulativeGains(study.features.items);
  return Float64Array.from(evaluationCustomers(study, on), (customer) => {
    const { history, target } = heldOut(study, customer, on);
    const known = new Set(history);
    known.delete(target);
    const places = study.features.items - known.size;
    return (gains[places] as number) / places;
  });
}

/** Sum of 1 / log2(rank + 1) over the first n ranks, at n. */
function cumulativeGains(items: number): Float64Array {
  const gains = new Float64Array(items + 1);
  for (let rank = 1; rank <= items; rank += 1) gains[rank] = (gains[rank - 1] as number) + 1 / Math.log2(rank + 1);
  return gains;
}
