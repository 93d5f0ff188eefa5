import type { Sequences } from '@noren/dataset';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { heldOut, prepareStudy, type Study } from '../study/study.ts';
import { tinyConfig, tinyFeatures, tinySequences, tinyStudy } from '../testing/tiny-study.ts';
import { evaluate } from './evaluate.ts';
import type { HistoryRule, Ranker } from './ranker.ts';

/** Scores by a rule, whatever was learned. */
function rankerOf(scoresOf: (history: readonly number[]) => readonly number[]): Ranker {
  return {
    name: 'rule',
    batch: 7,
    scores: (histories) => Promise.resolve(histories.map((history) => Float64Array.from(scoresOf([...history])))),
  };
}

/** Purchases of one customer a row, all items from 0 to the highest. */
function studyOf(rows: readonly (readonly number[])[], items: number): Study {
  const offsets = Int32Array.from([0, ...rows.map((_, at) => rows.slice(0, at + 1).flat().length)]);
  const sequences: Sequences = {
    customers: rows.map((_, at) => `c${at}`),
    offsets,
    items: Int32Array.from(rows.flat()),
    times: new Float64Array(rows.flat().length),
  };
  return prepareStudy({ config: tinyConfig, features: tinyFeatures(tinyConfig, items), sequences, seed: 1 });
}

/** The definitions word by word, with sorted lists and no ranks. */
function slowly(
  rows: readonly (readonly number[])[],
  items: number,
  scoresOf: (history: readonly number[]) => readonly number[],
  { history, k, purchasesAtMost }: { history: HistoryRule; k: number; purchasesAtMost: number },
) {
  const catalogue = Array.from({ length: items }, (_, item) => item);
  const training = rows.flatMap((row) => row.slice(0, -2));
  const bought = (item: number): number => training.filter((one) => one === item).length;
  const percentile = (item: number): number => {
    const rarer = catalogue.filter((other) => bought(other) < bought(item)).length;
    const alike = catalogue.filter((other) => bought(other) === bought(item)).length;
    return (rarer + alike / 2) / items;
  };
  const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const customers = rows.map((row) => {
    const before = row.slice(0, -1);
    const target = row.at(-1) ?? -1;
    const scores = scoresOf(before);
    const open = catalogue.filter((item) => history === 'ranked' || !before.includes(item));
    const list = open.toSorted((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0)).slice(0, k);
    // The target stands behind whatever scores as much.
    const ahead = open.filter((item) => item !== target && (scores[item] ?? 0) >= (scores[target] ?? 0));
    const place = ahead.length + 1;
    return { target, list, place, hit: place <= k };
  });
  const figures = (some: typeof customers) => ({
    hitRate: average(some.map(({ hit }) => (hit ? 1 : 0))),
    ndcg: average(some.map(({ hit, place }) => (hit ? 1 / Math.log2(place + 1) : 0))),
    reciprocalRank: average(some.map(({ hit, place }) => (hit ? 1 / place : 0))),
  });
  const cold = customers.filter(({ target }) => bought(target) <= purchasesAtMost);
  const shown = customers.flatMap(({ list }) => list);
  const recommended = average(shown.map(percentile));
  return {
    ...figures(customers),
    coverage: new Set(shown).size / items,
    recommended,
    ratio: recommended / average(customers.map(({ target }) => percentile(target))),
    cold: { customers: cold.length, ...figures(cold) },
  };
}

const ITEMS = 12;
const row = fc.uniqueArray(fc.nat(ITEMS - 1), { minLength: 4, maxLength: 7 });
const cases = fc.record({
  rows: fc.array(row, { minLength: 1, maxLength: 12 }),
  // Few levels, so that there are ties.
  levels: fc.array(fc.nat(5), { minLength: ITEMS, maxLength: ITEMS }),
  history: fc.constantFrom<HistoryRule>('masked', 'ranked'),
  k: fc.integer({ min: 1, max: ITEMS }),
  purchasesAtMost: fc.nat(3),
});

test('every figure is what its definition says, on random purchases and scores with ties', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ rows, levels, history, k, purchasesAtMost }) => {
      const scoresOf = (before: readonly number[]): number[] =>
        levels.map((level, item) => (level + item * before.length) % 6);
      const report = await evaluate(studyOf(rows, ITEMS), rankerOf(scoresOf), {
        on: 'test',
        history,
        cutoffs: [k],
        coldUpTo: [purchasesAtMost],
      });
      const expected = slowly(rows, ITEMS, scoresOf, { history, k, purchasesAtMost });
      const [cutoff] = report.cutoffs;
      const [cold] = report.cold;
      const found = {
        hitRate: cutoff?.hitRate,
        ndcg: cutoff?.ndcg,
        reciprocalRank: cutoff?.reciprocalRank,
        coverage: cutoff?.coverage,
        ...cutoff?.popularity,
        cold: { customers: cold?.customers, ...cold?.accuracy[0], k: undefined },
      };
      const rounded = (value: object): unknown =>
        JSON.parse(JSON.stringify(value, (_, number) => (typeof number === 'number' ? +number.toFixed(9) : number)));
      expect(rounded(found)).toEqual(rounded(expected));
    }),
    { numRuns: 200 },
  );
});

test('a report states its rules, and the rule about the history decides', async () => {
  const study = tinyStudy();
  // Scores what the customer has above everything else.
  const repeats = rankerOf((history) =>
    Array.from({ length: 40 }, (_, item) => (history.includes(item) ? 1 : 0) + item / 100),
  );
  const masked = await evaluate(study, repeats, { on: 'test', history: 'masked' });
  const ranked = await evaluate(study, repeats, { on: 'test', history: 'ranked' });
  expect(masked.protocol).toEqual({
    on: 'test',
    ranking: 'full',
    items: 40,
    history: 'masked',
    ties: 'against the target',
  });
  expect(ranked.protocol.history).toBe('ranked');
  const shortest = Math.min(
    ...[...study.split.evaluationCustomers].map((customer) => heldOut(study, customer, 'test').history.length),
  );
  ranked.scores.ranks.forEach((rank, at) => {
    expect(rank - (masked.scores.ranks[at] ?? 0)).toBeGreaterThanOrEqual(shortest);
  });
});

test('who recommends the same to all covers only that, and of what sells most it says so', async () => {
  const study = tinyStudy(undefined, { customers: 200 });
  const shares = study.prior.shares;
  const everyone = rankerOf(() => [...shares]);
  const nobody = rankerOf(() => Array.from(shares, (share) => -share));
  const options = { on: 'test', history: 'ranked', cutoffs: [4] } as const;
  const [most, least] = [await evaluate(study, everyone, options), await evaluate(study, nobody, options)];
  expect([most.cutoffs[0]?.coverage, least.cutoffs[0]?.coverage]).toEqual([0.1, 0.1]);
  expect(most.cutoffs[0]?.popularity.recommended).toBeCloseTo(0.95, 2);
  expect(most.cutoffs[0]?.popularity.ratio).toBeGreaterThan(1.5);
  expect(least.cutoffs[0]?.popularity.ratio).toBeLessThan(0.2);
});

test('validation is everyone’s, the parts of it are those of the gate', async () => {
  const study = prepareStudy({
    config: tinyConfig,
    features: tinyFeatures(tinyConfig, 40),
    sequences: tinySequences(50, 40),
    seed: 1,
  });
  const ranker = rankerOf(() => Array.from({ length: 40 }, (_, item) => item));
  const customers = async (on: 'validation' | 'early-stopping' | 'proposal' | 'gate'): Promise<number[]> => [
    ...(await evaluate(study, ranker, { on, history: 'masked' })).scores.customers,
  ];
  const parts = [await customers('early-stopping'), await customers('proposal'), await customers('gate')].flat();
  expect(parts.toSorted((a, b) => a - b)).toEqual(await customers('validation'));
});
