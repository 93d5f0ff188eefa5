import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { compile } from '../training/compile.ts';
import type { BenchmarkRow } from './benchmark-training.ts';
import { drawBatch, initialValues, smallTransformer, type Sizes } from './small-transformer.ts';

/** A catalogue and histories as a mid-sized shop has them. */
const SHOP: Sizes = { items: 10_000, features: 448, experts: 1, width: 128, length: 50, batch: 128, blocks: 2 };
const WARM_UP = 2;

const parts = {
  everything: (): boolean => true,
  sequence: (name: string): boolean => name.startsWith('sequence.'),
  items: (name: string): boolean => name.startsWith('item.'),
} as const;
type Part = keyof typeof parts;

/**
 * Milliseconds of one training step at shop size, beside PyTorch where a python3 with it is found: the same model, values
 * and batches, PyTorch at whichever of three thread settings is fastest for it. Takes about a minute on two cores.
 */
export async function benchmarkPytorch(sizes: Sizes = SHOP, steps = 7): Promise<{ rows: BenchmarkRow[] }> {
  const python = await pythonWithTorch();
  const rows: BenchmarkRow[] = [];
  const reference = python === undefined ? undefined : await pytorchTimes(python, sizes, steps);
  for (const part of Object.keys(parts) as Part[]) {
    const own = await ownTime(sizes, part, steps);
    rows.push({ name: `training ${part}, step, compiled (onnx)`, value: own, unit: 'ms' });
    const theirs = reference?.[part];
    if (theirs === undefined) continue;
    rows.push(
      { name: `training ${part}, step, PyTorch at its best`, value: theirs, unit: 'ms' },
      {
        name: `training ${part}, over PyTorch`,
        value: own / theirs,
        unit: 'times',
        target: 0.6,
        met: own / theirs <= 0.6,
      },
    );
  }
  return { rows };
}

async function ownTime(sizes: Sizes, part: Part, steps: number): Promise<number> {
  const { loss, options } = smallTransformer(sizes, 0);
  const training = await compile(loss, {
    ...options,
    trainable: parts[part],
    optimizer: { kind: 'adam' },
    runtime: 'onnx',
  });
  training.load(initialValues(options));
  const batch = drawBatch(sizes, 1);
  const times: number[] = [];
  for (let step = 0; step < steps; step++) {
    const begin = performance.now();
    await training.step(batch, { learningRate: 1e-3 });
    times.push(performance.now() - begin);
  }
  await training.dispose();
  return median(times);
}

/** For each part the best median over the thread settings. */
async function pytorchTimes(python: string, sizes: Sizes, steps: number): Promise<Record<string, number>> {
  const cores = availableParallelism();
  const settings: [threads: number, openblas: number][] = [
    [cores, cores],
    [cores, 1],
    [1, 1],
  ];
  const best: Record<string, number> = {};
  for (const [threads, openblas] of settings) {
    const { stdout } = await promisify(execFile)(
      python,
      [script(), '--time', JSON.stringify(sizes), String(threads), String(steps)],
      { env: { ...process.env, OPENBLAS_NUM_THREADS: String(openblas) }, maxBuffer: 2 ** 20 },
    );
    const found = JSON.parse(stdout) as Record<string, number[]>;
    for (const [part, times] of Object.entries(found)) {
      best[part] = Math.min(best[part] ?? Number.POSITIVE_INFINITY, median(times));
    }
  }
  return best;
}

async function pythonWithTorch(): Promise<string | undefined> {
  for (const python of ['python3', '/usr/bin/python3']) {
    try {
      await promisify(execFile)(python, ['-c', 'import numpy, torch']);
      return python;
    } catch {
      // The next one may have it.
    }
  }
  return undefined;
}

/** Python is not built: the script lies in the sources beside the build. */
function script(): string {
  return fileURLToPath(new URL('../../src/benchmark/pytorch/small_transformer.py', import.meta.url));
}

function median(times: readonly number[]): number {
  const measured = times.slice(WARM_UP).toSorted((a, b) => a - b);
  return measured[Math.floor(measured.length / 2)] ?? Number.NaN;
}
