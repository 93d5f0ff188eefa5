import { DatasetError } from './errors.ts';
import { seededShare } from './random.ts';
import type { Sequences } from './retail-data.ts';

/** What is held out of each customer's sequence. Customers keep the numbers they have in the sequences that were split. */
export interface Split {
  /** What a model may be trained on: same customers, same numbers, without what is held out. */
  readonly trainSequences: Sequences;
  /** Numbers of the customers that have a test item, ascending. */
  readonly evaluationCustomers: Int32Array;
  /** By customer number: the item whose purchase validates; -1 where there is none. */
  readonly validationItems: Int32Array;
  /** By customer number: the item whose purchase tests; -1 where there is none. */
  readonly testItems: Int32Array;
  /** About a quarter of the customers with a validation item: theirs may stop a training. Ascending. */
  readonly earlyStopping: Int32Array;
  /**
   * About a quarter: their validation items say which model the gate should test. Not the early-stopping customers, on whom
   * every model that stopped there looks better than it is. Ascending.
   */
  readonly proposal: Int32Array;
  /** The others: their validation items decide at the no-harm gate. Ascending. */
  readonly gate: Int32Array;
}

/** Milliseconds since 1970; `validation` < `test`. What happens at a cut is after it. */
export interface TimeCuts {
  readonly validation: number;
  readonly test: number;
}

export interface SplitOptions {
  /** Default 1. */
  readonly seed?: number;
  /** Fewest interactions of an evaluated customer, >= 3 so that one is left to start from. Default 3. */
  readonly minimumSequence?: number;
  /** Splits by time. Default: each customer's last two purchases are held out. */
  readonly cuts?: TimeCuts;
}

/** Of the evaluation customers; the rest sits on the gate, whose certainty grows with their number. */
const EARLY_STOPPING_SHARE = 0.25;
const PROPOSAL_SHARE = 0.25;

/** Places in a customer's sequence. -1 for a purchase that there is not. */
interface HeldOut {
  /** End of what is trained on. */
  readonly trainEnd: number;
  readonly validation: number;
  readonly test: number;
}

/**
 * Splits each customer's sequence.
 *
 * Leave-last-out: test = last item, validation = second last, train = the rest; short customers train only. Two customers'
 * parts may lie in any order in time, so a model is trained on purchases later than some that it is tested on.
 *
 * With `cuts`: train = all purchases before `cuts.validation`, as a shop knows them on that day; the first purchase from
 * then on, before `cuts.test`, validates and the first from `cuts.test` on tests. A customer needs purchases before
 * `cuts.validation` to be evaluated, one (`minimumSequence` less two) at the least, and need not have both of the others.
 * What lies in between is left out. Throws a DatasetError where nobody trains, or nobody tests.
 *
 * A customer belongs to early stopping, to the proposal or to the gate by a seeded hash of the customer's identifier, so that
 * nobody changes sides when others join or leave: a model stopped or proposed on a customer's item is never judged on it.
 */
export function splitSequences(sequences: Sequences, o: SplitOptions = {}): Split {
  const minimum = Math.max(3, o.minimumSequence ?? 3);
  const { cuts } = o;
  const holdOut = cuts === undefined ? lastTwo(minimum) : byTime(sequences.times, cuts, minimum - 2);
  const split = divide(sequences, o.seed ?? 1, holdOut);
  if (cuts !== undefined) checkCuts(cuts, split);
  return split;
}

function divide(sequences: Sequences, seed: number, holdOut: (start: number, end: number) => HeldOut): Split {
  const count = sequences.customers.length;
  const validationItems = new Int32Array(count).fill(-1);
  const testItems = new Int32Array(count).fill(-1);
  const offsets = new Int32Array(count + 1);
  const items = new Int32Array(sequences.items.length);
  const times = new Float64Array(sequences.items.length);
  const earlyStopping: number[] = [];
  const proposal: number[] = [];
  const gate: number[] = [];
  const evaluated: number[] = [];
  let trained = 0;
  for (const [customer, identifier] of sequences.customers.entries()) {
    const start = sequences.offsets[customer] ?? 0;
    const end = sequences.offsets[customer + 1] ?? start;
    const { trainEnd, validation, test } = holdOut(start, end);
    if (validation >= 0) {
      validationItems[customer] = sequences.items[validation] ?? -1;
      const share = seededShare(seed, 'early stopping or gate', identifier);
      if (share < EARLY_STOPPING_SHARE) earlyStopping.push(customer);
      else if (share < EARLY_STOPPING_SHARE + PROPOSAL_SHARE) proposal.push(customer);
      else gate.push(customer);
    }
    if (test >= 0) {
      testItems[customer] = sequences.items[test] ?? -1;
      evaluated.push(customer);
    }
    items.set(sequences.items.subarray(start, trainEnd), trained);
    times.set(sequences.times.subarray(start, trainEnd), trained);
    trained += trainEnd - start;
    offsets[customer + 1] = trained;
  }
  return {
    trainSequences: {
      customers: sequences.customers,
      offsets,
      items: items.slice(0, trained),
      times: times.slice(0, trained),
    },
    evaluationCustomers: Int32Array.from(evaluated),
    validationItems,
    testItems,
    earlyStopping: Int32Array.from(earlyStopping),
    proposal: Int32Array.from(proposal),
    gate: Int32Array.from(gate),
  };
}

function lastTwo(minimum: number): (start: number, end: number) => HeldOut {
  return (start, end) =>
    end - start < minimum
      ? { trainEnd: end, validation: -1, test: -1 }
      : { trainEnd: end - 2, validation: end - 2, test: end - 1 };
}

function byTime(times: Float64Array, cuts: TimeCuts, minimum: number): (start: number, end: number) => HeldOut {
  const from = (start: number, end: number, cut: number): number => {
    let place = start;
    while (place < end && (times[place] ?? 0) < cut) place++;
    return place;
  };
  return (start, end) => {
    const trainEnd = from(start, end, cuts.validation);
    const testStart = from(trainEnd, end, cuts.test);
    const isEvaluated = trainEnd - start >= minimum;
    return {
      trainEnd,
      validation: isEvaluated && trainEnd < testStart ? trainEnd : -1,
      test: isEvaluated && testStart < end ? testStart : -1,
    };
  };
}

function checkCuts(cuts: TimeCuts, { trainSequences, evaluationCustomers }: Split): void {
  const iso = (time: number): string => (Number.isFinite(time) ? new Date(time).toISOString() : 'no time');
  if (!(cuts.validation < cuts.test))
    throw new DatasetError(
      'split-invalid',
      'the cut for validation is not before the cut for the test',
      {},
      'Swap them',
    );
  if (trainSequences.items.length === 0 || evaluationCustomers.length === 0)
    throw new DatasetError(
      'split-invalid',
      `no customer has purchases both before ${iso(cuts.validation)} and from ${iso(cuts.test)} on`,
      {},
      'Choose cuts within the time that the data covers',
    );
}
