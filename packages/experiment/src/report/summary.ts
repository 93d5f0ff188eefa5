import { differences, type CustomerScores, type Interval } from '@noren/recommender';
import type { ExperimentResult, Run } from '../run/run-experiment.ts';
import { meanOfCustomers, meanOfRuns, meanOfSites, perSite, type BySite } from './stratified.ts';

/** A difference in NDCG@10, customer by customer, each customer's mean over the seeds first. */
export interface Uplift {
  readonly against: string;
  readonly sites: Interval;
  readonly customers: Interval;
  /** By site, in the result's order. */
  readonly bySite: readonly (Interval | null)[];
  /** Sites whose 95 % interval lies above 0, and below. */
  readonly better: number;
  readonly worse: number;
  /** Lowest site mean. */
  readonly worst: { readonly site: string; readonly uplift: Interval };
}

/** One line of a table: a strategy with its inputs, over all seeds. */
export interface SummaryRow {
  readonly strategy: string;
  readonly inputs: string;
  readonly seeds: number;
  readonly priorWeights: readonly number[];
  readonly network: Quality;
  readonly mixed: Quality;
  /** Of the mixed model; absent where the other strategy was not run. */
  readonly uplifts: readonly Uplift[];
  readonly trained: number;
  readonly bytesSent: number;
  readonly seconds: number;
  readonly adopted: number | null;
}

/** Means over sites. */
export interface Quality {
  readonly hit: Interval;
  readonly ndcg: Interval;
}

const AGAINST = ['scratch', 'local fine-tune'] as const;

export function summarise({ sites, runs }: ExperimentResult): readonly SummaryRow[] {
  const groups = new Map<string, Run[]>();
  for (const run of runs) {
    const key = `${run.strategy}|${run.inputs}`;
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return [...groups.values()].map((group): SummaryRow => {
    const [first] = group as [Run, ...Run[]];
    const { inputs } = first;
    const mixed = ndcgOf(group, 'mixed');
    const uplifts = AGAINST.flatMap((against) => {
      const other = groups.get(`${against}|${inputs}`);
      if (other === undefined || first.strategy === 'scratch' || first.strategy === against) return [];
      const reference = ndcgOf(other, 'mixed');
      return [
        upliftOf(
          against,
          sites,
          mixed.map((site, at) => differences(site, reference[at] as Float64Array)),
        ),
      ];
    });
    const average = (value: (run: Run) => number): number =>
      group.reduce((sum, run) => sum + value(run), 0) / group.length;
    return {
      strategy: first.strategy,
      inputs,
      seeds: group.length,
      priorWeights: group.map(({ measured }) => measured.priorWeight),
      network: qualityOf(group, 'network'),
      mixed: qualityOf(group, 'mixed'),
      uplifts,
      trained: first.trained,
      bytesSent: first.bytesSent,
      seconds: average(({ seconds }) => seconds),
      adopted: first.adopted === undefined ? null : average(({ adopted }) => adopted ?? 0),
    };
  });
}

type Kind = 'network' | 'mixed';

function valuesOf(runs: readonly Run[], kind: Kind, value: (scores: CustomerScores) => Float64Array): BySite {
  return meanOfRuns(runs.map(({ measured }) => measured[kind].map(value)));
}

function ndcgOf(runs: readonly Run[], kind: Kind): BySite {
  return valuesOf(runs, kind, ({ ndcgAt10 }) => ndcgAt10);
}

function qualityOf(runs: readonly Run[], kind: Kind): Quality {
  return { hit: meanOfSites(valuesOf(runs, kind, ({ hitAt10 }) => hitAt10)), ndcg: meanOfSites(ndcgOf(runs, kind)) };
}

function upliftOf(against: string, sites: ExperimentResult['sites'], gained: BySite): Uplift {
  const bySite = perSite(gained);
  const known = bySite.flatMap((uplift, at) => (uplift === null ? [] : [{ site: sites[at]?.name ?? '', uplift }]));
  const [worst] = known.toSorted((a, b) => a.uplift.mean - b.uplift.mean);
  if (worst === undefined) throw new TypeError('no site has a customer to evaluate');
  return {
    against,
    sites: meanOfSites(gained),
    customers: meanOfCustomers(gained),
    bySite,
    better: known.filter(({ uplift }) => uplift.low > 0).length,
    worse: known.filter(({ uplift }) => uplift.high < 0).length,
    worst,
  };
}
