import { expect, test } from 'vitest';

import { availableRuntimes } from '../runtime/select.ts';
import { benchmarkPytorch } from './benchmark-pytorch.ts';
import { SMALL } from './small-transformer.ts';

test('every fast runtime takes the same steps in a process of its own, and says time, memory and share of the machine', async () => {
  const workload = { model: 'small', sizes: SMALL, trained: 'everything', clip: null } as const;
  const told: string[] = [];
  const { rows } = await benchmarkPytorch({
    workloads: [{ name: 'tiny', workload }],
    rounds: 1,
    steps: 2,
    pytorch: false,
    progress: (what) => told.push(what),
  });
  expect(told).toEqual(['matrix products', 'tiny']);
  const value = (name: string): number => rows.find((row) => row.name === name)?.value ?? Number.NaN;
  for (const runtime of (await availableRuntimes()).filter((present) => present !== 'cpu')) {
    expect(value(`matrix product, ${runtime}`)).toBeGreaterThan(0);
    expect(value(`tiny: step, ${runtime}`)).toBeGreaterThan(0);
    // A Node process with a runtime in it; less would be another process's figure.
    expect(value(`tiny: peak memory, ${runtime}`)).toBeGreaterThan(40);
  }
  expect(value('tiny: share of the matrix rate, onnx')).toBeGreaterThan(0);
}, 120_000);
