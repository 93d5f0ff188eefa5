import type { SiteId } from '@noren/protocol';

import { normalQuantile } from './normal-quantile.ts';

/** One site's paired comparison of candidate and current release over its gate customers, in NDCG. */
export interface SiteDifference {
  readonly site: SiteId;
  readonly customers: number;
  readonly mean: number;
  readonly standardError: number;
}

/** The federation's paired difference; `low` and `high` are one-sided bounds, each at the gate's confidence. */
export interface PooledDifference {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly customers: number;
}

export interface GateRules {
  /** One-sided confidence of the lower bound, in (0.5, 1). */
  readonly confidence: number;
  /** Non-inferiority margin in NDCG, >= 0. */
  readonly margin: number;
  /** Reports with at least one customer that a decision needs. */
  readonly minimumSites: number;
  /** Customers at which a site's weight saturates, so that no site can buy the decision by claiming customers. */
  readonly weightCap: number;
}

export interface Verdict {
  readonly outcome: 'accepted' | 'rejected';
  readonly reason: string;
  readonly difference: PooledDifference | null;
}

/**
 * Weighted by customers, not by inverse variance: the question is whether the average customer of the federation is
 * worse off, and a site whose scores did not move (standard error 0) must not outweigh all others.
 * Sites are independent, so the variance of the weighted mean is the sum of (weight share)^2 x standardError^2.
 */
export function poolDifferences(
  reports: readonly SiteDifference[],
  rules: Pick<GateRules, 'confidence' | 'weightCap'>,
): PooledDifference | null {
  const evidence = reports.filter((report) => report.customers > 0);
  if (evidence.length === 0) return null;
  const weights = evidence.map((report) => Math.min(report.customers, rules.weightCap));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let mean = 0;
  let variance = 0;
  evidence.forEach((report, index) => {
    const share = (weights[index] ?? 0) / total;
    mean += share * report.mean;
    variance += (share * report.standardError) ** 2;
  });
  const reach = normalQuantile(rules.confidence) * Math.sqrt(variance);
  const customers = evidence.reduce((sum, report) => sum + report.customers, 0);
  return { mean, low: mean - reach, high: mean + reach, customers };
}

/** Non-inferiority: accepted when the lower bound of candidate minus current release is at least -margin. */
export function decide(reports: readonly SiteDifference[], rules: GateRules): Verdict {
  const evidence = reports.filter((report) => report.customers > 0);
  const difference = poolDifferences(evidence, rules);
  if (difference === null || evidence.length < rules.minimumSites) {
    const reason = `${evidence.length} of the ${rules.minimumSites} evaluation reports that a decision needs arrived`;
    return { outcome: 'rejected', reason, difference };
  }
  const figures =
    `NDCG difference to the current release ${signed(difference.mean)}, at least ${signed(difference.low)} with ` +
    `${percent(rules.confidence)} confidence (limit ${signed(-rules.margin)}), ` +
    `over ${difference.customers} customers of ${evidence.length} sites`;
  return difference.low >= -rules.margin
    ? { outcome: 'accepted', reason: figures, difference }
    : { outcome: 'rejected', reason: `the candidate may be worse: ${figures}`, difference };
}

function signed(value: number): string {
  const text = value.toFixed(4);
  return value > 0 ? `+${text}` : text;
}

function percent(confidence: number): string {
  return `${Number((confidence * 100).toFixed(2))} %`;
}
