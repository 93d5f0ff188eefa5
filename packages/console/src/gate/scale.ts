import type { GateView, Strategy } from '@noren/protocol/console';

export type Metric = 'ndcg' | 'hr';
/** Top to bottom in every chart and table. */
export const STRATEGIES: readonly Strategy[] = ['scratch', 'backbone', 'local', 'federated', 'blend'];

/** Five labels still stand beside each other over the narrowest chart. */
export const MAX_STEPS = 4;

/** A range of metric values with round ticks; `ticks` includes both ends. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  /** Digits after the point that tell neighbouring ticks apart. */
  readonly digits: number;
}

/** The tightest range around [low, high] with round ticks (steps of 1, 2 or 5 times a power of ten) and at most `maxSteps`. */
export function niceScale(low: number, high: number, maxSteps: number): Scale {
  const span = high > low ? high - low : Math.max(Math.abs(high), 0.01);
  for (let exponent = Math.floor(Math.log10(span / maxSteps)); ; exponent += 1) {
    for (const factor of [1, 2, 5]) {
      const step = Number(`${factor}e${exponent}`);
      // A value on a tick must not be pushed to the next one by the division's rounding.
      const first = Math.floor(low / step + 1e-9);
      const last = Math.max(Math.ceil(high / step - 1e-9), first + 1);
      if (last - first > maxSteps) continue;
      const ticks = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
      return { low: first * step, high: last * step, ticks, digits: Math.max(0, -exponent) };
    }
  }
}

/** Place of a value on a scale in per cent of its width; values outside are put on the edge. */
export function percentOn(scale: Scale, value: number): number {
  return Math.min(100, Math.max(0, ((value - scale.low) / (scale.high - scale.low)) * 100));
}

/** One scale for all gates, so that sites compare; null when no gate has scores. */
export function sharedScale(gates: readonly GateView[], metric: Metric): Scale | null {
  const intervals = gates.flatMap((gate) => gate.scores.map((score) => score[metric]));
  if (intervals.length === 0) return null;
  return niceScale(
    Math.min(...intervals.map((interval) => interval.low)),
    Math.max(...intervals.map((interval) => interval.high)),
    MAX_STEPS,
  );
}
