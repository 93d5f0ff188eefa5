import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

import type { Runtime } from '../spec.ts';
import { matrixRate } from './matrix-rate.ts';
import type { StepOrder, StepReply } from './step-engine.ts';
import { definitionOf, trainingOf, type Workload } from './workload.ts';

/**
 * A program of its own, so that its memory is that of one training alone. The counterpart of pytorch/steps.py: for each
 * order on stdin one line with times, losses and memory.
 */
const [workload, runtime] = JSON.parse(process.argv[2] ?? '[]') as [Workload, Runtime];
const definition = definitionOf(workload);
const training = await trainingOf(definition, runtime);
reply({});
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as StepOrder;
  if (order.kind === 'matrix') {
    reply({ matrixRate: await matrixRate(runtime) });
    continue;
  }
  const times: number[] = [];
  const losses: number[] = [];
  for (let step = 0; step < order.steps; step++) {
    const batch = definition.batch(order.seed + step);
    const begin = performance.now();
    losses.push(await training.step(batch, { learningRate: 1e-3 }));
    times.push(performance.now() - begin);
  }
  reply({ times, losses, peakBytes: await peakBytes() } satisfies StepReply);
}

/** Of this program alone: what resourceUsage says can be the parent's, from before the program was started. */
async function peakBytes(): Promise<number> {
  try {
    const status = await readFile('/proc/self/status', 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

function reply(answer: object): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
