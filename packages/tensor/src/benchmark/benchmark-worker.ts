import { monitorEventLoopDelay } from 'node:perf_hooks';

import { runInWorker } from '../worker/run-in-worker.ts';
import type { BenchmarkRow } from './benchmark-training.ts';
import type { Sizes } from './small-transformer.ts';
import { train, type TrainInput } from './training-task.ts';

/** Steps of a tenth of a second and more: an owner that waits for one is seen. */
const SIZES: Sizes = { items: 2000, features: 128, experts: 2, width: 128, length: 50, batch: 64, blocks: 2 };
const TARGET = 50;

/**
 * The longest time (ms) that the event loop of a training's owner stood still: with the training in a worker on one
 * thread, from the start of the worker to its end, and with the training in the owner's own thread.
 */
export async function benchmarkWorker(
  { steps }: { readonly steps: number } = { steps: 20 },
  module: URL = new URL('./training-thread.js', import.meta.url),
): Promise<{ rows: BenchmarkRow[] }> {
  const input: TrainInput = { sizes: SIZES, steps };
  let reported = 0;
  const beside = await longestStandstill(() =>
    runInWorker<typeof train>(module, input, { threads: 1, onProgress: () => reported++ }),
  );
  const within = await longestStandstill(() =>
    train(input, { progress: () => undefined, signal: new AbortController().signal, threads: 1 }),
  );
  return {
    rows: [
      {
        name: `event loop's longest wait, ${reported} steps in a worker`,
        value: beside,
        unit: 'ms',
        target: TARGET,
        met: beside < TARGET,
      },
      { name: `event loop's longest wait, ${steps} steps in its own thread`, value: within, unit: 'ms' },
    ],
  };
}

async function longestStandstill(body: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  // The monitor measures between two turns: one before the work, one after it.
  await turn();
  await body();
  await turn();
  delay.disable();
  return delay.max / 1e6;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
