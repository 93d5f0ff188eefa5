import { RecommenderError } from '../errors.ts';
import { mean } from '../scoring/metrics.ts';
import type { CustomerScores } from '../scoring/customer-scores.ts';
import { interval, lowerBound, type Interval } from './bootstrap.ts';

/** Where a site's model can come from. */
export type Strategy = 'scratch' | 'backbone' | 'local' | 'federated';
export const strategies: readonly Strategy[] = ['scratch', 'backbone', 'local', 'federated'];

export type GateReason =
  /** The federated model is not worse than scratch, than what is in service, nor than the other choices. */
  'not-worse' | 'may-be-worse-than-scratch' | 'may-be-worse-than-service' | 'another-is-better' | 'too-few-customers';

/** A paired comparison on the gate's customers, in NDCG without cut-off. */
export interface GateComparison {
  readonly strategy: Strategy;
  readonly against: 'scratch' | 'service';
  readonly difference: number;
  /** What the difference exceeds with the gate's one-sided confidence. */
  readonly bound: number;
  readonly passed: boolean;
}

export interface GateVerdict {
  /** What the site should use from now on; what is in service stays when this is its strategy and nothing was adopted. */
  readonly chosen: Strategy;
  /** Whether the federated model goes into service. */
  readonly adopted: boolean;
  readonly reason: GateReason;
  /** One plain English sentence with the figures that decided. */
  readonly explanation: string;
  readonly customers: number;
  readonly comparisons: readonly GateComparison[];
  /** 95 % intervals over customers. */
  readonly scores: readonly {
    readonly strategy: Strategy;
    readonly ndcg: Interval;
    readonly ndcgAt10: Interval;
    readonly hitAt10: Interval;
  }[];
}

export interface GateOptions {
  /** Of the gate customers, all from the same study. */
  readonly scores: Readonly<Record<Strategy, CustomerScores>>;
  /** Where the model in service came from; `scratch` before the first release. */
  readonly deployed: Strategy;
  /** Scores of the model in service, where it is not this round's model of that strategy (an earlier release). */
  readonly deployedScores?: CustomerScores;
  /** One-sided. With fewer than 80 customers take .8 to .9: more would refuse nearly everything. */
  readonly confidence: number;
  /** How much worse, in NDCG, still counts as no harm. Default 0. */
  readonly margin?: number;
  readonly seed: number;
}

/** Below this a bootstrap says nothing. */
const FEWEST_CUSTOMERS = 10;
const RESAMPLES = 1000;

/**
 * Decides which model a site uses. A model passes if with one-sided confidence it is not worse than scratch and not worse
 * than what is in service: paired bootstrap over customers who stopped no training. The federated model is adopted if it
 * passes and no other passing model is better than it with the same confidence; else the best that passes is chosen; else
 * everything stays as it is.
 */
export function noHarmGate(o: GateOptions): GateVerdict {
  const service = o.deployedScores ?? o.scores[o.deployed];
  for (const scores of [...Object.values(o.scores), service]) checkPaired(scores, service);
  const customers = service.customers.length;
  if (customers < FEWEST_CUSTOMERS) return undecided(o, customers);

  const compare = (strategy: Strategy, against: 'scratch' | 'service'): GateComparison => {
    const differences = subtract(o.scores[strategy].ndcg, (against === 'scratch' ? o.scores.scratch : service).ndcg);
    const bound = lowerBound(differences, { confidence: o.confidence, resamples: RESAMPLES, seed: o.seed });
    return { strategy, against, difference: mean(differences), bound, passed: bound >= -(o.margin ?? 0) };
  };
  const comparisons = strategies.flatMap((strategy) => [compare(strategy, 'scratch'), compare(strategy, 'service')]);
  const passing = strategies.filter((strategy) =>
    comparisons.every((comparison) => comparison.strategy !== strategy || comparison.passed),
  );
  const best = passing.toSorted((a, b) => mean(o.scores[b].ndcg) - mean(o.scores[a].ndcg));
  const better = best.find((strategy) => {
    if (strategy === 'federated') return false;
    const differences = subtract(o.scores[strategy].ndcg, o.scores.federated.ndcg);
    return lowerBound(differences, { confidence: o.confidence, resamples: RESAMPLES, seed: o.seed }) > 0;
  });
  const adopted = passing.includes('federated') && better === undefined;
  const chosen = adopted ? 'federated' : (best.find((strategy) => strategy !== 'federated') ?? o.deployed);
  const reason = reasonFor(comparisons, adopted);
  return {
    chosen,
    adopted,
    reason,
    explanation: explain(reason, chosen, customers, comparisons, o),
    customers,
    comparisons,
    scores: intervals(o),
  };
}

function reasonFor(comparisons: readonly GateComparison[], adopted: boolean): GateReason {
  if (adopted) return 'not-worse';
  const failed = comparisons.find(({ strategy, passed }) => strategy === 'federated' && !passed);
  if (failed === undefined) return 'another-is-better';
  return failed.against === 'scratch' ? 'may-be-worse-than-scratch' : 'may-be-worse-than-service';
}

function explain(
  reason: GateReason,
  chosen: Strategy,
  customers: number,
  comparisons: readonly GateComparison[],
  { deployed, confidence }: GateOptions,
): string {
  const figure = (against: 'scratch' | 'service'): string => {
    const found = comparisons.find((one) => one.strategy === 'federated' && one.against === against);
    return `${signed(found?.difference ?? 0)} NDCG (at least ${signed(found?.bound ?? 0)} with ${Math.round(confidence * 100)} % confidence)`;
  };
  const outcome = chosen === deployed ? 'What is in service stays' : `The ${chosen} model is used instead`;
  switch (reason) {
    case 'not-worse':
      return `Adopted: on ${customers} customers the federated model differs from scratch by ${figure('scratch')} and from what is in service by ${figure('service')}.`;
    case 'may-be-worse-than-scratch':
      return `Not adopted: on ${customers} customers the federated model may be worse than scratch, ${figure('scratch')}. ${outcome}.`;
    case 'may-be-worse-than-service':
      return `Not adopted: on ${customers} customers the federated model may be worse than what is in service, ${figure('service')}. ${outcome}.`;
    case 'another-is-better':
      return `Not adopted: on ${customers} customers the federated model does no harm, but the ${chosen} model is better. ${outcome}.`;
    case 'too-few-customers':
      return `Not adopted: ${customers} customers are too few to tell, ${FEWEST_CUSTOMERS} are needed. What is in service stays.`;
  }
}

function undecided(o: GateOptions, customers: number): GateVerdict {
  const reason = 'too-few-customers';
  return {
    chosen: o.deployed,
    adopted: false,
    reason,
    explanation: explain(reason, o.deployed, customers, [], o),
    customers,
    comparisons: [],
    scores: customers === 0 ? [] : intervals(o),
  };
}

function intervals({ scores, seed }: GateOptions): GateVerdict['scores'] {
  const options = { confidence: 0.95, seed };
  return strategies.map((strategy) => ({
    strategy,
    ndcg: interval(scores[strategy].ndcg, options),
    ndcgAt10: interval(scores[strategy].ndcgAt10, options),
    hitAt10: interval(scores[strategy].hitAt10, options),
  }));
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

function subtract(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, at) => value - (b[at] as number));
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3)}`;
}
