import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { compileInference } from '../compile-inference.ts';
import { tf } from '../engine.ts';
import { availableRuntimes } from '../runtime/select.ts';
import { targetRanks } from './target-ranks.ts';
import { topItems } from './top-items.ts';

const CUSTOMERS = 3;
const ITEMS = 12;
const LENGTH = 4;

const runtimes = await availableRuntimes();

describe.each(runtimes)('ranking in the graph (%s)', (runtime) => {
  test('gives every target the place that sorting gives it, ties against it and history out of the way', async () => {
    const inference = await compileInference(
      (_, { scores = tf.scalar(0), targets = tf.scalar(0), items = tf.scalar(0), counted = tf.scalar(0) }) => ({
        plain: targetRanks({ scores, targets }),
        masked: targetRanks({ scores, targets, masked: { items, counted } }),
      }),
      { parameters: [], runtime },
    );
    inference.load(new Map());
    const item = fc.integer({ min: 0, max: ITEMS - 1 });
    const customer = fc.record({
      // Few levels, so that there are ties.
      scores: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: ITEMS, maxLength: ITEMS }),
      target: item,
      history: fc.array(item, { minLength: LENGTH, maxLength: LENGTH }),
    });
    const group = fc.array(customer, { minLength: CUSTOMERS, maxLength: CUSTOMERS });
    await fc.assert(
      fc.asyncProperty(group, async (customers) => {
        const counted = customers.flatMap(({ history, target }) =>
          history.map((had, at) => (had !== target && history.indexOf(had) === at ? 1 : 0)),
        );
        const { plain, masked } = await inference.run({
          scores: { shape: [CUSTOMERS, ITEMS], data: Float32Array.from(customers.flatMap(({ scores }) => scores)) },
          targets: { shape: [CUSTOMERS], data: Int32Array.from(customers, ({ target }) => target) },
          items: { shape: [CUSTOMERS, LENGTH], data: Int32Array.from(customers.flatMap(({ history }) => history)) },
          counted: { shape: [CUSTOMERS, LENGTH], data: Float32Array.from(counted) },
        });
        const place = (hidden: readonly number[], scores: readonly number[], target: number): number =>
          scores.filter((score, at) => score >= (scores[target] ?? 0) && (at === target || !hidden.includes(at)))
            .length;
        expect([...(plain?.data ?? [])]).toEqual(customers.map(({ scores, target }) => place([], scores, target)));
        expect([...(masked?.data ?? [])]).toEqual(
          customers.map(({ scores, target, history }) => place(history, scores, target)),
        );
      }),
      { numRuns: 50 },
    );
    await inference.dispose();
  });

  test('gives the best items with their scores, best first', async () => {
    const inference = await compileInference((_, { scores = tf.scalar(0) }) => ({ ...topItems(scores, 3) }), {
      parameters: [],
      runtime,
    });
    inference.load(new Map());
    const scores = { shape: [2, 5], data: Float32Array.of(1, 9, 3, 7, 5, -1, -9, -3, -7, -5) };
    const top = await inference.run({ scores });
    expect(top['items']).toEqual({ shape: [2, 3], data: Int32Array.of(1, 3, 4, 0, 2, 4) });
    expect(top['scores']).toEqual({ shape: [2, 3], data: Float32Array.of(9, 7, 5, -1, -3, -5) });
    await inference.dispose();
  });
});
