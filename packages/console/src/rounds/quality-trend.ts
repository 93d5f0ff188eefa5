import type { RoundView, Strategy } from '@noren/protocol/console';
import type { Metric } from '../gate/scale.ts';

/** One ended round that was judged: means over its sites. */
export interface TrendPoint {
  readonly round: number;
  readonly sites: number;
  readonly federated: number;
  /** The sites' own reference in the same round. */
  readonly scratch: number;
}

/** Judged rounds, oldest first. Sites count alike, because a large site must not hide a small one that lost. */
export function qualityTrend(rounds: readonly RoundView[], metric: Metric): readonly TrendPoint[] {
  const points: TrendPoint[] = [];
  for (const round of rounds) {
    const federated = scoresOf(round, 'federated', metric);
    const scratch = scoresOf(round, 'scratch', metric);
    if (federated.length === 0 || scratch.length === 0) continue;
    points.push({ round: round.number, sites: federated.length, federated: mean(federated), scratch: mean(scratch) });
  }
  return points.sort((a, b) => a.round - b.round);
}

function scoresOf(round: RoundView, strategy: Strategy, metric: Metric): readonly number[] {
  return round.gates.flatMap(({ gate }) =>
    gate.scores.filter((score) => score.strategy === strategy).map((score) => score[metric].mean),
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
