import { assert, double, property } from 'fast-check';
import { describe, expect, test } from 'vitest';

import { federationView } from '../testing/federation.ts';
import { MAX_STEPS, niceScale, percentOn, sharedScale } from './scale.ts';

describe('a scale with round ticks', () => {
  test.each([
    [0.074, 0.228, [0.05, 0.1, 0.15, 0.2, 0.25], 2],
    [0.1, 0.2, [0.1, 0.15, 0.2], 2],
    [0, 1, [0, 0.5, 1], 1],
    [-0.004, 0.013, [-0.005, 0, 0.005, 0.01, 0.015], 3],
    [0.0192, 0.0305, [0.015, 0.02, 0.025, 0.03, 0.035], 3],
  ])('from %d to %d', (low, high, ticks, digits) => {
    const scale = niceScale(low, high, MAX_STEPS);
    expect(scale.ticks.map((tick) => Number(tick.toFixed(6)))).toEqual(ticks);
    expect(scale.digits).toBe(digits);
  });

  test('equal values still get a range', () => {
    const scale = niceScale(0.12, 0.12, MAX_STEPS);
    expect(scale.high).toBeGreaterThan(scale.low);
    expect(percentOn(scale, 0.12)).toBeGreaterThanOrEqual(0);
  });

  test('any range is covered, by few ticks that print differently', () => {
    assert(
      property(double({ min: -1, max: 1, noNaN: true }), double({ min: 1e-6, max: 1, noNaN: true }), (low, span) => {
        const scale = niceScale(low, low + span, MAX_STEPS);
        expect(scale.low).toBeLessThanOrEqual(low + 1e-8);
        expect(scale.high).toBeGreaterThanOrEqual(low + span - 1e-8);
        expect(scale.ticks.length).toBeGreaterThanOrEqual(2);
        expect(scale.ticks.length).toBeLessThanOrEqual(5);
        expect(new Set(scale.ticks.map((tick) => tick.toFixed(scale.digits))).size).toBe(scale.ticks.length);
      }),
      { verbose: true },
    );
  });
});

test('places are per cent of the width, values outside stay on the edge', () => {
  const scale = niceScale(0, 1, 2);
  expect(percentOn(scale, 0.25)).toBeCloseTo(25);
  expect(percentOn(scale, -3)).toBe(0);
  expect(percentOn(scale, 3)).toBe(100);
});

test('all sites share one scale that holds every whisker of the metric', () => {
  const gates = federationView({ sites: 12, rounds: 5, running: false }).sites.flatMap((site) => site.gate ?? []);
  for (const metric of ['ndcg', 'hr'] as const) {
    const scale = sharedScale(gates, metric);
    const intervals = gates.flatMap((gate) => gate.scores.map((score) => score[metric]));
    expect(intervals.length).toBeGreaterThan(0);
    expect(Math.min(...intervals.map((each) => each.low))).toBeGreaterThanOrEqual(scale?.low ?? Infinity);
    expect(Math.max(...intervals.map((each) => each.high))).toBeLessThanOrEqual(scale?.high ?? -Infinity);
  }
  expect(sharedScale([], 'ndcg')).toBeNull();
});
