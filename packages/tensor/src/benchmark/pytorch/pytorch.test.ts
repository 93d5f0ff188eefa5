import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { definitionOf, trainingOf, type Workload } from '../workload.ts';

type Recorded = Workload & {
  readonly losses: readonly number[];
  readonly final: Readonly<Record<string, readonly number[]>>;
};

/** 50 steps in PyTorch 1.13, made by steps.py beside this file. */
const recorded = JSON.parse(await readFile(new URL('losses.json', import.meta.url), 'utf8')) as readonly Recorded[];

const cases = recorded.map((workload) => ({ name: caseName(workload), workload }));

test('the recorded steps cover both losses, and everything or only a part trained', () => {
  expect(cases.map(({ name }) => name)).toEqual([
    'small, everything',
    'small, sequence',
    'small, items',
    'shop (last), everything',
    'shop (last), blocks',
    'shop (sampled), everything',
    'shop (sampled), blocks',
  ]);
});

test.each(cases)(
  '50 Adam steps lose what they lose in PyTorch, and end where they end: $name',
  async ({ workload }) => {
    const { losses, final } = workload;
    expect(losses).toHaveLength(50);
    const definition = definitionOf(workload);
    const training = await trainingOf(definition, 'onnx');
    for (const [step, reference] of losses.entries()) {
      const actual = await training.step(definition.batch(step), { learningRate: 0.01 });
      expect(Math.abs(actual - reference), `step ${step + 1}`).toBeLessThan(1e-4);
    }
    const values = training.values();
    for (const [name, expected] of Object.entries(final)) {
      expect([...(values.get(name) ?? [])]).toEqual(expected.map((value) => expect.closeTo(value, 3)));
    }
    await training.dispose();
  },
);

function caseName(workload: Workload): string {
  const model = workload.model === 'shop' ? `shop (${workload.loss})` : 'small';
  return `${model}, ${workload.trained}`;
}
