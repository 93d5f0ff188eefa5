import { popularity } from '../baselines/popularity.ts';
import { evaluationCustomers, type EvaluationSet, type Study } from '../study/study.ts';
import { customerScores, type CustomerScores } from './customer-scores.ts';
import { forEachHeldOut } from './held-out.ts';
import { hitRate, mean, ndcg, reciprocalRank } from './metrics.ts';
import { popularityPercentiles } from './popularity-bias.ts';
import { rankOfTarget } from './ranks.ts';
import type { HistoryRule, Ranker } from './ranker.ts';
import { topItems } from './top-items.ts';

export interface EvaluateOptions {
  readonly on: EvaluationSet;
  readonly history: HistoryRule;
  /** Default 10 and 50. */
  readonly cutoffs?: readonly number[];
  /** The slices: targets bought at most so often in training. Default 0 and 5. */
  readonly coldUpTo?: readonly number[];
  readonly signal?: AbortSignal;
}

/** Means over customers at one cut-off, in [0, 1]. */
export interface Accuracy {
  readonly k: number;
  readonly hitRate: number;
  readonly ndcg: number;
  readonly reciprocalRank: number;
}

export interface CutoffReport extends Accuracy {
  /** Share of the catalogue that is among anybody's first k. */
  readonly coverage: number;
  readonly popularity: {
    /** Mean popularity percentile (see popularityPercentiles) of what is recommended. */
    readonly recommended: number;
    /** That, divided by the mean of what was bought: above 1 the model prefers what sells anyway more than customers do. */
    readonly ratio: number;
  };
}

/** The customers whose held-out item was bought at most so often in training; accuracies are NaN where there are none. */
export interface ColdSlice {
  readonly purchasesAtMost: number;
  readonly customers: number;
  readonly accuracy: readonly Accuracy[];
}

/** How a model or baseline ranked the held-out purchases of a study, and by which rules. */
export interface EvaluationReport {
  readonly model: string;
  readonly settings: Readonly<Record<string, number>>;
  readonly protocol: {
    readonly on: EvaluationSet;
    /** Every target is ranked among all of the catalogue; nothing is sampled. */
    readonly ranking: 'full';
    readonly items: number;
    readonly history: HistoryRule;
    readonly ties: 'against the target';
  };
  readonly customers: number;
  readonly cutoffs: readonly CutoffReport[];
  /** Without cut-off. */
  readonly ndcg: number;
  readonly reciprocalRank: number;
  /** Mean popularity percentile of the held-out purchases themselves. */
  readonly purchasedPopularity: number;
  readonly cold: readonly ColdSlice[];
  /** By customer, to be compared with those of another model in pairs. */
  readonly scores: CustomerScores;
}

/**
 * Ranks the whole catalogue for every customer of a set and reports accuracy, coverage, popularity bias and the slices of
 * cold items.
 *
 * @throws RecommenderError `scores-invalid` when a score is not a number.
 */
export async function evaluate(study: Study, ranker: Ranker, o: EvaluateOptions): Promise<EvaluationReport> {
  const { cutoffs = [10, 50], coldUpTo = [0, 5] } = o;
  const { items } = study.features;
  const counts = popularity(study.split.trainSequences, items);
  const percentiles = popularityPercentiles(counts);
  const ranks: number[] = [];
  const targets: number[] = [];
  const lists = cutoffs.map((k) => new Recommended(k, percentiles));
  await forEachHeldOut(study, { ...o, ranker }, ({ history, target, scores }) => {
    const masked = o.history === 'masked' ? history : new Int32Array();
    ranks.push(rankOfTarget(scores, masked, target));
    targets.push(target);
    const best = topItems(scores, new Set(masked), Math.max(0, ...cutoffs));
    for (const list of lists) list.add(best);
  });
  const whole = Int32Array.from(ranks);
  const purchased = mean(Float64Array.from(targets, (target) => percentiles[target] as number));
  return {
    model: ranker.name,
    settings: ranker.settings ?? {},
    protocol: { on: o.on, ranking: 'full', items, history: o.history, ties: 'against the target' },
    customers: whole.length,
    cutoffs: lists.map((list) => ({ ...accuracy(whole, list.k), ...list.report(purchased) })),
    ndcg: mean(ndcg(whole)),
    reciprocalRank: mean(reciprocalRank(whole)),
    purchasedPopularity: purchased,
    cold: coldUpTo.map((purchasesAtMost) => {
      const cold = whole.filter((_, at) => (counts[targets[at] as number] as number) <= purchasesAtMost);
      return { purchasesAtMost, customers: cold.length, accuracy: cutoffs.map((k) => accuracy(cold, k)) };
    }),
    scores: customerScores(evaluationCustomers(study, o.on), whole),
  };
}

function accuracy(ranks: Int32Array, k: number): Accuracy {
  return {
    k,
    hitRate: mean(hitRate(ranks, k)),
    ndcg: mean(ndcg(ranks, k)),
    reciprocalRank: mean(reciprocalRank(ranks, k)),
  };
}

/** What all customers together were recommended among their first k. */
class Recommended {
  readonly k: number;
  readonly #percentiles: Float64Array;
  readonly #shown: Uint8Array;
  #sum = 0;
  #count = 0;

  constructor(k: number, percentiles: Float64Array) {
    this.k = k;
    this.#percentiles = percentiles;
    this.#shown = new Uint8Array(percentiles.length);
  }

  add(best: Int32Array): void {
    for (const item of best.subarray(0, this.k)) {
      this.#shown[item] = 1;
      this.#sum += this.#percentiles[item] as number;
      this.#count += 1;
    }
  }

  report(purchased: number): Pick<CutoffReport, 'coverage' | 'popularity'> {
    const recommended = this.#sum / this.#count;
    return {
      coverage: this.#shown.reduce((sum, shown) => sum + shown, 0) / this.#shown.length,
      popularity: { recommended, ratio: recommended / purchased },
    };
  }
}
