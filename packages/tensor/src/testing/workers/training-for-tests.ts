import { readdirSync } from 'node:fs';

import { drawBatch, initialValues, SMALL, smallTransformer, type Sizes } from '../../benchmark/small-transformer.ts';
import { compile, type Training } from '../../training/compile.ts';
import type { WorkerTaskContext } from '../../worker/index.ts';

export interface Progress {
  readonly step: number;
  readonly loss: number;
}

/** Steps of a tenth of a second. */
const HEAVY: Sizes = { items: 500, features: 64, experts: 2, width: 64, length: 50, batch: 32, blocks: 2 };

export async function train(
  input: { readonly steps: number; readonly ticks?: Int32Array; readonly heavy?: boolean },
  { progress, threads }: WorkerTaskContext<Progress>,
): Promise<void> {
  const { steps, ticks, heavy = false } = input;
  const sizes = heavy ? HEAVY : SMALL;
  const { loss, options } = smallTransformer(sizes, 0.1);
  const training = await compile(loss, { ...options, optimizer: { kind: 'adam' }, threads });
  training.load(initialValues(options));
  for (let step = 0; step < steps; step++) {
    const before = ticks === undefined ? 0 : Atomics.load(ticks, 0);
    const value = await training.step(drawBatch(sizes, step), { learningRate: 0.01 });
    // This thread stands still until the owner's event loop has turned again.
    if (ticks !== undefined) Atomics.wait(ticks, 0, before);
    progress({ step, loss: value });
  }
  await training.dispose();
}

/** How many threads of this process a compiled step brings with it (Linux). */
export async function nativeThreads(threads: number | undefined): Promise<number> {
  const count = (): number => readdirSync('/proc/self/task').length;
  const { loss, options } = smallTransformer(SMALL, 0);
  const open = async (cap: number | undefined): Promise<Training> => {
    const training = await compile(loss, { ...options, optimizer: { kind: 'adam' }, runtime: 'onnx', threads: cap });
    training.load(initialValues(options));
    await training.step(drawBatch(SMALL, 0), { learningRate: 0.01 });
    return training;
  };
  // The first starts what the library has once in a process.
  const first = await open(1);
  const before = count();
  const second = await open(threads);
  const brought = count() - before;
  await first.dispose();
  await second.dispose();
  return brought;
}
