import { seededShare } from './random.ts';
import type { Sequences } from './retail-data.ts';

/** Leave-last-out per customer. Customers keep the numbers they have in the sequences that were split. */
export interface Split {
  /** What a model may be trained on: same customers, same numbers, without the two held-out items. */
  readonly trainSequences: Sequences;
  /** Numbers of the customers that are evaluated, ascending; the others are train only. */
  readonly evaluationCustomers: Int32Array;
  /** By customer number: the second last item (validation); -1 for train-only customers. */
  readonly validationItems: Int32Array;
  /** By customer number: the last item (test); -1 for train-only customers. */
  readonly testItems: Int32Array;
  /** About a quarter of the evaluation customers: their validation items may stop a training. Ascending. */
  readonly earlyStopping: Int32Array;
  /**
   * About a quarter: their validation items say which model the gate should test. Not the early-stopping customers, on whom
   * every model that stopped there looks better than it is. Ascending.
   */
  readonly proposal: Int32Array;
  /** The other evaluation customers: their validation items decide at the no-harm gate. Ascending. */
  readonly gate: Int32Array;
}

export interface SplitOptions {
  /** Default 1. */
  readonly seed?: number;
  /** Fewest interactions of an evaluated customer, >= 3 so that one is left to start from. Default 3. */
  readonly minimumSequence?: number;
}

/** Of the evaluation customers; the rest sits on the gate, whose certainty grows with their number. */
const EARLY_STOPPING_SHARE = 0.25;
const PROPOSAL_SHARE = 0.25;

/**
 * Splits each customer's sequence: test = last item, validation = second last, train = the rest.
 *
 * A customer belongs to early stopping, to the proposal or to the gate by a seeded hash of the customer's identifier, so that
 * nobody changes sides when others join or leave: a model stopped or proposed on a customer's item is never judged on it.
 */
export function splitSequences(sequences: Sequences, o: SplitOptions = {}): Split {
  const minimum = Math.max(3, o.minimumSequence ?? 3);
  const seed = o.seed ?? 1;
  const count = sequences.customers.length;
  const validationItems = new Int32Array(count).fill(-1);
  const testItems = new Int32Array(count).fill(-1);
  const offsets = new Int32Array(count + 1);
  const items: number[] = [];
  const times: number[] = [];
  const earlyStopping: number[] = [];
  const proposal: number[] = [];
  const gate: number[] = [];
  const evaluated: number[] = [];
  for (const [customer, identifier] of sequences.customers.entries()) {
    const start = sequences.offsets[customer] ?? 0;
    const end = sequences.offsets[customer + 1] ?? start;
    let trainEnd = end;
    if (end - start >= minimum) {
      trainEnd = end - 2;
      validationItems[customer] = sequences.items[end - 2] ?? -1;
      testItems[customer] = sequences.items[end - 1] ?? -1;
      evaluated.push(customer);
      const share = seededShare(seed, 'early stopping or gate', identifier);
      if (share < EARLY_STOPPING_SHARE) earlyStopping.push(customer);
      else if (share < EARLY_STOPPING_SHARE + PROPOSAL_SHARE) proposal.push(customer);
      else gate.push(customer);
    }
    for (let place = start; place < trainEnd; place++) {
      items.push(sequences.items[place] ?? 0);
      times.push(sequences.times[place] ?? 0);
    }
    offsets[customer + 1] = items.length;
  }
  return {
    trainSequences: {
      customers: sequences.customers,
      offsets,
      items: Int32Array.from(items),
      times: Float64Array.from(times),
    },
    evaluationCustomers: Int32Array.from(evaluated),
    validationItems,
    testItems,
    earlyStopping: Int32Array.from(earlyStopping),
    proposal: Int32Array.from(proposal),
    gate: Int32Array.from(gate),
  };
}
