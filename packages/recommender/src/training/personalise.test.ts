import type { PlanTemplate } from '@noren/protocol';
import { afterAll, describe, expect, test } from 'vitest';
import { groupOf } from '../parameters/groups.ts';
import { freshValues, startValues } from '../parameters/start-values.ts';
import { interpolate } from '../parameters/interpolate.ts';
import type { ModelValues } from '../parameters/values.ts';
import { mean } from '../scoring/metrics.ts';
import { tinyBackbone } from '../testing/tiny-backbone.ts';
import { tinyPlan } from '../testing/tiny-plan.ts';
import { tinyConfig, tinyStudy } from '../testing/tiny-study.ts';
import { personalise, type PersonalModel, type Personalised } from './personalise.ts';
import { openRelearner } from './relearner.ts';

const relearner = openRelearner(tinyStudy());
afterAll(() => relearner.close());

const shared = startValues(tinyBackbone(), tinyPlan('fine-tune').groups, 1);
const other = freshValues(tinyConfig, 5);

function fit(plan: PlanTemplate, kept: PersonalModel | null, from: ModelValues = shared): Promise<Personalised> {
  const { groups, training, personalisation, modalities, seed } = plan;
  return personalise(relearner, { shared: from, kept, groups, training, personalisation, modalities, seed });
}

function withObjective(objective: PlanTemplate['training']['objective'], epochs = 2): PlanTemplate {
  const plan = tinyPlan('fine-tune');
  return {
    ...plan,
    training: { ...plan.training, objective },
    personalisation: { epochs, learningRate: 0.01, groups: 'trained' },
  };
}

/** What the site would get by training alone from these values. */
async function alone(values: ModelValues, epochs = 2): Promise<Map<string, Float32Array>> {
  const { modalities, training, seed } = tinyPlan('fine-tune');
  const options = { ...training, learningRate: 0.01, trainable: () => true, modalities, epochs, seed };
  return (await relearner.relearn({ ...options, values })).values;
}

/** Largest difference of any parameter. */
function distance(a: ModelValues, b: ModelValues): number {
  return [...a].reduce(
    (largest, [name, data]) =>
      data.reduce((most, value, at) => Math.max(most, Math.abs(value - (b.get(name)?.[at] ?? Number.NaN))), largest),
    0,
  );
}

async function quality(values: ModelValues): Promise<number> {
  const { ndcg } = await relearner.score({ values, modalities: tinyPlan('ant').modalities, on: 'early-stopping' });
  return mean(ndcg);
}

describe('plain personalisation', () => {
  test('fits what the round trained, never to the harm of the early-stopping customers, and keeps nothing', async () => {
    const { values, kept } = await fit(tinyPlan('ant'), null);
    expect(kept).toBeNull();
    expect(await quality(values)).toBeGreaterThanOrEqual(await quality(shared));
    for (const [name, data] of values) {
      if (groupOf(name).startsWith('sequence.block.')) expect(data).toEqual(shared.get(name));
    }
  });

  test('fedbabu fits the blocks that no round trained', async () => {
    const plan = tinyPlan('fedbabu');
    const block = 'sequence.block.0.attention/value.weight';
    const { values } = await fit(plan, null);
    expect(values.get(block)).not.toEqual(shared.get(block));
  });

  test('without personalisation a site serves the release as it came', async () => {
    expect(await fit({ ...tinyPlan('fine-tune'), personalisation: null }, null)).toEqual({
      values: shared,
      kept: null,
    });
  });
});

describe('Ditto', () => {
  test('with lambda 0 the site trains alone, from where its own model was', async () => {
    const plan = withObjective({ kind: 'ditto', lambda: 0 });
    expect((await fit(plan, null)).values).toEqual(await alone(shared));
    const { values, kept } = await fit(plan, { values: other, share: 1 });
    expect(values).toEqual(await alone(other));
    expect(kept).toEqual({ values, share: 1 });
  });

  test('with a large lambda the site has the shared model', async () => {
    const free = distance((await fit(withObjective({ kind: 'ditto', lambda: 0 }, 6), null)).values, shared);
    const bound = distance((await fit(withObjective({ kind: 'ditto', lambda: 1000 }, 6), null)).values, shared);
    // Adam's steps have about the size of the learning rate, .01, whatever the gradient: nearer it cannot stay.
    expect(bound).toBeLessThan(0.025);
    expect(bound).toBeLessThan(0.3 * free);
  });

  test('an own model far away is drawn towards the shared one', async () => {
    const kept = { values: other, share: 1 };
    const gap = async (lambda: number): Promise<number> => {
      const { values } = await fit(withObjective({ kind: 'ditto', lambda }, 6), kept);
      return [...values].reduce((sum, [name, data]) => {
        const towards = shared.get(name) ?? data;
        return sum + data.reduce((total, value, at) => total + (value - (towards[at] ?? 0)) ** 2, 0);
      }, 0);
    };
    expect(await gap(100)).toBeLessThan(0.9 * (await gap(0)));
  });

  test('what the plan freezes is as the release has it, not as an earlier own model had it', async () => {
    const plan = { ...tinyPlan('ant'), training: withObjective({ kind: 'ditto', lambda: 0.1 }).training };
    const { values } = await fit(plan, { values: other, share: 1 });
    for (const [name, data] of values) {
      if (groupOf(name).startsWith('sequence.block.')) expect(data).toEqual(shared.get(name));
    }
  });
});

describe('APFL', () => {
  test('with alpha 0 the site serves the shared model, and its own rests', async () => {
    const plan = withObjective({ kind: 'apfl', alpha: 0 });
    expect(await fit(plan, { values: other, share: 0 })).toEqual({ values: shared, kept: { values: other, share: 0 } });
  });

  test('with alpha 1 the site trains alone, from where its own model was', async () => {
    const plan = withObjective({ kind: 'apfl', alpha: 1 });
    const { values, kept } = await fit(plan, { values: other, share: 1 });
    expect(values).toEqual(await alone(other));
    expect(distance(kept?.values ?? new Map(), values)).toBeLessThan(1e-6);
  });

  test('between, what is served is the mixture of what is kept and what is shared', async () => {
    const { values, kept } = await fit(withObjective({ kind: 'apfl', alpha: 0.5 }), { values: other, share: 0.5 });
    expect(kept?.share).toBe(0.5);
    expect(distance(interpolate(shared, kept?.values ?? new Map(), 0.5), values)).toBeLessThan(1e-5);
    expect(values).toEqual(await alone(interpolate(shared, other, 0.5)));
  });

  test('a chosen alpha serves the early-stopping customers as well as any share of the grid does', async () => {
    const { values, kept } = await fit(withObjective({ kind: 'apfl', alpha: 'chosen' }, 4), null);
    const own = kept?.values ?? new Map<string, Float32Array>();
    const served = await quality(values);
    for (const share of [0, 0.25, 0.75, 1]) {
      expect(served).toBeGreaterThanOrEqual((await quality(interpolate(shared, own, share))) - 1e-6);
    }
    expect([0, 0.25, 0.5, 0.75, 1]).toContain(kept?.share);
  });
});

test('the next round goes on from the model that the last one kept', async () => {
  const plan = withObjective({ kind: 'ditto', lambda: 0.01 });
  const first = await fit(plan, null);
  const second = await fit(plan, first.kept);
  expect(distance(second.values, shared)).toBeGreaterThan(distance(first.values, shared));
  expect((await fit(plan, first.kept)).values).toEqual(second.values);
});
