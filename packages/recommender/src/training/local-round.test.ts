import type { PlanTemplate } from '@noren/protocol';
import { afterAll, expect, test } from 'vitest';
import { groupOf } from '../parameters/groups.ts';
import { startValues } from '../parameters/start-values.ts';
import { withAdapters } from '../parameters/with-adapters.ts';
import type { ModelValues } from '../parameters/values.ts';
import { presetNames } from '../presets/presets.ts';
import { tinyBackbone } from '../testing/tiny-backbone.ts';
import { tinyPlan } from '../testing/tiny-plan.ts';
import { tinyStudy } from '../testing/tiny-study.ts';
import { trainLocalRound } from './local-round.ts';
import type { Relearned } from './relearn-options.ts';
import { openRelearner } from './relearner.ts';

const relearner = openRelearner(tinyStudy());
afterAll(() => relearner.close());
const backbone = tinyBackbone();

function startOf(plan: PlanTemplate): Map<string, Float32Array> {
  return startValues(withAdapters(backbone, plan.adapters), plan.groups, plan.seed);
}

function round(plan: PlanTemplate, change: Partial<PlanTemplate['training']> = {}): Promise<Relearned> {
  const { groups, modalities, seed } = plan;
  const training = { ...plan.training, ...change };
  return trainLocalRound(relearner.withAdapters(plan.adapters), {
    values: startOf(plan),
    groups,
    modalities,
    seed,
    training,
  });
}

/** Names of the groups in which some tensor has another value. */
function changedGroups(from: ModelValues, to: ModelValues): Set<string> {
  const changed = [...to].filter(([name, data]) => data.some((value, at) => value !== from.get(name)?.[at]));
  return new Set(changed.map(([name]) => groupOf(name)));
}

test.each(presetNames)('%s: a round changes every group that is shared or local, and no frozen one', async (name) => {
  const plan = tinyPlan(name);
  const { values } = await round(plan);
  const trained = Object.entries(plan.groups).flatMap(([group, { scope }]) => (scope === 'frozen' ? [] : [group]));
  expect([...changedGroups(startOf(plan), values)].toSorted()).toEqual(trained.toSorted());
});

test.each(['fedrep', 'fedalt'] as const)(
  '%s: the site trains its own groups first, on shared ones as they came',
  async (name) => {
    const plan = tinyPlan(name);
    const { values, losses } = await round(plan);
    const { order, epochs } = plan.training;
    const personalEpochs = order.kind === 'alternating' ? order.personalEpochs : 0;
    expect(losses).toHaveLength(personalEpochs + epochs);

    const onlyScope = (scope: string, from: ModelValues, over: number): Promise<Relearned> =>
      relearner.relearn({
        ...plan.training,
        values: from,
        trainable: (group) => plan.groups[group]?.scope === scope,
        modalities: plan.modalities,
        epochs: over,
        seed: plan.seed,
      });
    const first = await onlyScope('local', startOf(plan), personalEpochs);
    expect(changedGroups(startOf(plan), first.values)).toEqual(
      new Set(Object.keys(plan.groups).filter((group) => plan.groups[group]?.scope === 'local')),
    );
    // Then the local groups rest, bit for bit, while the shared ones learn on top of them.
    const second = await onlyScope('federated', first.values, epochs);
    expect(values).toEqual(second.values);
  },
);

test('fedrep gives the shared part one epoch, fedalt as many as its own', () => {
  expect(tinyPlan('fedrep').training).toMatchObject({ epochs: 1, order: { kind: 'alternating', personalEpochs: 2 } });
  expect(tinyPlan('fedalt').training).toMatchObject({ epochs: 2, order: { kind: 'alternating', personalEpochs: 2 } });
});

test('FedProx keeps a round near the release, the more the larger mu is', async () => {
  const plan = tinyPlan('fedprox');
  const distance = async (mu: number): Promise<number> => {
    const { values } = await round(plan, { epochs: 4, objective: { kind: 'fedprox', mu } });
    const start = startOf(plan);
    return [...values].reduce(
      (sum, [name, data]) =>
        sum + data.reduce((total, value, at) => total + (value - (start.get(name)?.[at] ?? 0)) ** 2, 0),
      0,
    );
  };
  const [weak, strong] = [await distance(0.001), await distance(50)];
  expect(strong).toBeLessThan(0.5 * weak);
});

test('what a site sends is the same whether it keeps a model of its own or not', async () => {
  const plain = await round(tinyPlan('fine-tune'));
  expect((await round(tinyPlan('ditto'))).values).toEqual(plain.values);
  expect((await round(tinyPlan('apfl'))).values).toEqual(plain.values);
});

test('progress counts the epochs of both parts', async () => {
  const plan = tinyPlan('fedalt');
  const seen: [number, number][] = [];
  const { groups, modalities, seed, training } = plan;
  const onProgress = ({ epoch, epochs }: { epoch: number; epochs: number }): unknown => seen.push([epoch, epochs]);
  await trainLocalRound(relearner, { values: startOf(plan), groups, modalities, seed, training, onProgress });
  expect(seen).toEqual([
    [1, 4],
    [2, 4],
    [3, 4],
    [4, 4],
  ]);
});
