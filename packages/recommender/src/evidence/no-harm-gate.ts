import { RecommenderError } from '../errors.ts';
import type { CustomerScores } from '../scoring/customer-scores.ts';
import { mean } from '../scoring/metrics.ts';
import { confidenceOfNextTest } from './alpha-spending.ts';
import { lowerBound } from './bootstrap.ts';
import { differences } from './paired.ts';
import { propose, type Proposal } from './proposal.ts';
import { isShared, type Strategy } from './strategy.ts';

export type GateReason =
  /** The model tested is worse neither than scratch nor than what is in service. */
  | 'not-worse'
  | 'may-be-worse-than-scratch'
  | 'may-be-worse-than-service'
  /** A model that is not the federation's did better on the proposal customers, and was tested and passed. */
  | 'another-is-better'
  /** On the proposal customers nothing promised to pass: no test was made. */
  | 'not-promising'
  /** The last test was too few rounds ago. */
  | 'too-soon'
  | 'too-few-customers';

/** A paired comparison on the gate's customers, in NDCG without cut-off. */
export interface GateComparison {
  readonly against: 'scratch' | 'service';
  readonly difference: number;
  /** What the difference exceeds with the test's one-sided confidence. */
  readonly bound: number;
  readonly passed: boolean;
}

export interface GateVerdict {
  /** What the site should use from now on; null: what is in service stays. */
  readonly chosen: Strategy | null;
  /** Whether the federated model, alone or blended, goes into service. */
  readonly adopted: boolean;
  readonly reason: GateReason;
  /** One plain English sentence with the figures that decided. */
  readonly explanation: string;
  readonly customers: number;
  /** The model that was tested, null where none was. A test counts for a year. */
  readonly proposed: Strategy | null;
  readonly comparisons: readonly GateComparison[];
}

export interface GateOptions {
  /** Of the proposal customers: whatever the site could use, and what is in service. */
  readonly validation: {
    readonly scores: Readonly<Partial<Record<Strategy, CustomerScores>>>;
    readonly service: CustomerScores;
  };
  readonly gateCustomers: number;
  /** Scores of one model on the gate's customers; asked for the models of one test only. */
  score(model: Strategy | 'service'): Promise<CustomerScores>;
  /** What a site may rely on over a year, however many rounds it has: see confidenceOfNextTest. */
  readonly confidence: number;
  /** Tests that this site made within the last 365 days. */
  readonly tests: number;
  /** Rounds from the last test to this one; any number where `tests` is 0. */
  readonly roundsSinceTest: number;
  /** How much worse, in NDCG, still counts as no harm. Default 0. */
  readonly margin?: number;
  readonly seed: number;
}

/** Below this a bootstrap says nothing. */
const FEWEST_CUSTOMERS = 20;

/**
 * Decides which model a site uses. One model is proposed on the proposal customers (see propose). It goes into service
 * if with the test's one-sided confidence it is worse neither than scratch nor than what is in service: paired bootstrap
 * over the gate's customers, who stopped no training and proposed nothing. Both comparisons must hold, so neither needs a
 * correction for the other (intersection-union test, Berger 1982). Else everything stays as it is.
 */
export async function noHarmGate(o: GateOptions): Promise<GateVerdict> {
  const { gateCustomers: customers, margin = 0 } = o;
  const kept = { chosen: null, adopted: false, customers, proposed: null, comparisons: [] };
  if (customers < FEWEST_CUSTOMERS) {
    const explanation = `Not tested: ${customers} customers are too few to tell, ${FEWEST_CUSTOMERS} are needed. What is in service stays.`;
    return { ...kept, reason: 'too-few-customers', explanation };
  }
  const wait = roundsToWait(o.tests);
  if (o.roundsSinceTest < wait) {
    const explanation = `Not tested: test ${o.tests + 1} of the year waits ${wait} rounds after the last. What is in service stays.`;
    return { ...kept, reason: 'too-soon', explanation };
  }
  const confidence = confidenceOfNextTest(o.confidence, o.tests);
  const { scores, service } = o.validation;
  for (const one of Object.values(scores)) checkPaired(one, service);
  const proposal = propose({ scores, service, gateCustomers: customers, confidence, margin });
  if (proposal.kind === 'nothing') {
    return { ...kept, reason: 'not-promising', explanation: notPromising(proposal, service, o.tests) };
  }
  const { strategy } = proposal;
  const candidate = await o.score(strategy);
  const compare = async (against: 'scratch' | 'service'): Promise<GateComparison> => {
    const other = await o.score(against);
    checkPaired(candidate, other);
    const gained = differences(candidate.ndcg, other.ndcg);
    const bound = lowerBound(gained, { confidence, seed: o.seed });
    return { against, difference: mean(gained), bound, passed: bound >= -margin };
  };
  const comparisons =
    strategy === 'scratch' ? [await compare('service')] : [await compare('scratch'), await compare('service')];
  const passed = comparisons.every((comparison) => comparison.passed);
  return {
    chosen: passed ? strategy : null,
    adopted: passed && isShared(strategy),
    reason: reasonFor(strategy, comparisons),
    explanation: explain(strategy, comparisons, { customers, confidence, tests: o.tests }),
    customers,
    proposed: strategy,
    comparisons,
  };
}

/**
 * The same customers propose every week: whoever they favour wrongly once they favour again. So a site waits twice as long
 * after every test, at most half a year of weekly rounds.
 */
function roundsToWait(tests: number): number {
  return tests === 0 ? 0 : Math.min(26, 2 ** (tests - 1));
}

function reasonFor(strategy: Strategy, comparisons: readonly GateComparison[]): GateReason {
  const failed = comparisons.find(({ passed }) => !passed);
  if (failed !== undefined) return `may-be-worse-than-${failed.against}`;
  return isShared(strategy) ? 'not-worse' : 'another-is-better';
}

const names: Readonly<Record<Strategy, string>> = {
  scratch: 'model from scratch',
  backbone: 'backbone as it is',
  local: 'locally re-learned model',
  federated: 'federated model',
  blend: 'blend of the federated model and the site’s own',
};

const against = { scratch: 'scratch', service: 'what is in service' };

function explain(
  strategy: Strategy,
  comparisons: readonly GateComparison[],
  { customers, confidence, tests }: { customers: number; confidence: number; tests: number },
): string {
  const figure = (one: GateComparison): string =>
    `from ${against[one.against]} by ${signed(one.difference)} NDCG (at least ${signed(one.bound)})`;
  const basis = `on ${customers} customers, with ${(confidence * 100).toFixed(1)} % confidence in test ${tests + 1} of the year`;
  const failed = comparisons.find(({ passed }) => !passed);
  return failed === undefined
    ? `Adopted: the ${names[strategy]} differs ${comparisons.map(figure).join(' and ')}, ${basis}.`
    : `Not adopted: the ${names[strategy]} may be worse than ${against[failed.against]}; it differs ${figure(failed)}, ${basis}. What is in service stays.`;
}

function notPromising(
  { ahead, difference }: Extract<Proposal, { kind: 'nothing' }>,
  service: CustomerScores,
  tests: number,
): string {
  return (
    `Not tested: on ${service.customers.length} customers who propose, the ${names[ahead]} differs from what is in service by ` +
    `${signed(difference)} NDCG, too little to promise that test ${tests + 1} of the year succeeds. What is in service stays.`
  );
}

function checkPaired(scores: CustomerScores, service: CustomerScores): void {
  const same =
    scores.customers.length === service.customers.length &&
    scores.customers.every((customer, at) => customer === service.customers[at]);
  if (!same) {
    throw new RecommenderError(
      'scores-invalid',
      'The gate compares scores of different customers. Score one set of one study.',
    );
  }
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3)}`;
}
