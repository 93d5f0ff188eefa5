import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { availableRuntimes } from '../runtime/select.ts';
import type { Runtime } from '../spec.ts';
import type { BenchmarkRow } from './benchmark-training.ts';
import type { ShopSizes } from './shop-transformer.ts';
import { SMALL, type Sizes } from './small-transformer.ts';
import { stepArithmetic } from './step-arithmetic.ts';
import { pythonWithTorch, startPytorch, startRuntime, type PytorchThreads, type StepEngine } from './step-engine.ts';
import type { Workload } from './workload.ts';

export interface NamedWorkload {
  readonly name: string;
  readonly workload: Workload;
}

const SHOP: ShopSizes = {
  items: 10_000,
  text: 384,
  image: 512,
  price: 16,
  width: 128,
  inner: 512,
  length: 50,
  batch: 128,
  blocks: 2,
  samples: 512,
};
/** Eight experts, as in UniSRec (Hou et al. 2022). */
const MIXTURE: Sizes = { items: 10_000, features: 448, experts: 8, width: 128, length: 50, batch: 128, blocks: 2 };

const shop = (trained: Workload['trained'], loss: 'last' | 'sampled'): Workload => ({
  model: 'shop',
  sizes: SHOP,
  trained,
  loss,
  clip: null,
});

const SHOP_WORKLOADS: readonly NamedWorkload[] = [
  { name: 'all trained, full softmax', workload: shop('everything', 'last') },
  { name: 'all trained, sampled softmax', workload: shop('everything', 'sampled') },
  { name: 'blocks trained, full softmax', workload: shop('blocks', 'last') },
  { name: 'blocks trained, sampled softmax', workload: shop('blocks', 'sampled') },
  { name: 're-learning, 8 experts', workload: { model: 'small', sizes: MIXTURE, trained: 'ant', clip: 1 } },
];

/** At most this share of PyTorch's time. */
const TARGET = 0.6;
/** A BLAS slower than this share of ours is not an optimised one, and says nothing about PyTorch. */
const OPTIMISED = 0.3;
/** Worker threads that wait actively after their last product have gone to sleep after this long. */
const QUIET_MS = 200;

export interface PytorchBenchmark {
  readonly workloads?: readonly NamedWorkload[];
  /** Every engine takes `steps` steps in each round, after `steps` to warm up. */
  readonly rounds?: number;
  readonly steps?: number;
  /** Default true: PyTorch takes part where a python3 has it. */
  readonly pytorch?: boolean;
  /** Told what is measured next. */
  readonly progress?: (what: string) => void;
}

/**
 * Training steps of a shop's model on every fast runtime present, beside PyTorch where a python3 has it: the same model,
 * values and batches, each in a process of its own, taking turns in short bursts. PyTorch counts with the fastest of
 * three thread settings. Takes about five minutes on two cores.
 */
export async function benchmarkPytorch({
  workloads = SHOP_WORKLOADS,
  rounds = 3,
  steps = 3,
  pytorch = true,
  progress,
}: PytorchBenchmark = {}): Promise<{ rows: BenchmarkRow[] }> {
  const python = pytorch ? await pythonWithTorch() : undefined;
  // Interpreted in JavaScript a step of these sizes takes minutes.
  const runtimes = (await availableRuntimes()).filter((runtime) => runtime !== 'cpu');
  progress?.('matrix products');
  const machine = await matrixRates(runtimes, python);
  const rows: BenchmarkRow[] = machine.map(({ name, rate }) => ({
    name: `matrix product, ${name}`,
    value: rate,
    unit: 'GFLOP/s',
  }));
  const own = Math.max(...machine.filter(({ pytorch }) => !pytorch).map(({ rate }) => rate));
  const theirs = machine.find(({ pytorch }) => pytorch)?.rate ?? 0;
  if (python !== undefined && theirs < OPTIMISED * own) {
    rows.push({
      name: 'PyTorch left out: its BLAS is not an optimised one; share of ours',
      value: theirs / own,
      unit: '',
    });
  }
  const reference = theirs < OPTIMISED * own ? undefined : python;
  for (const { name, workload } of workloads) {
    progress?.(name);
    const engines = await startAll(workload, runtimes, reference);
    const results = await takeTurns(engines, rounds, steps);
    for (const { engine } of engines) await engine.close();
    rows.push(...rowsOf(name, results, stepArithmetic(workload) / 1e6 / own));
  }
  return { rows };
}

interface Contestant {
  readonly engine: StepEngine;
  readonly pytorch: boolean;
}

interface Result {
  readonly name: string;
  readonly pytorch: boolean;
  readonly times: number[];
  readonly losses: number[];
  peakBytes: number;
}

function threadSettings(): readonly PytorchThreads[] {
  const cores = availableParallelism();
  if (cores === 1) return [{ torch: 1, openblas: 1 }];
  return [
    { torch: cores, openblas: cores },
    { torch: cores, openblas: 1 },
    { torch: 1, openblas: 1 },
  ];
}

/** GFLOP/s of each engine in the products of two square matrices. */
async function matrixRates(
  runtimes: readonly Runtime[],
  python: string | undefined,
): Promise<{ name: string; pytorch: boolean; rate: number }[]> {
  const workload: Workload = { model: 'small', sizes: SMALL, trained: 'everything', clip: null };
  const found: { name: string; pytorch: boolean; rate: number }[] = [];
  for (const { engine, pytorch } of await startAll(workload, runtimes, python)) {
    found.push({ name: engine.name, pytorch, rate: await engine.matrixRate() });
    await engine.close();
  }
  const best = found.filter(({ pytorch }) => pytorch).toSorted((a, b) => b.rate - a.rate);
  return [...found.filter(({ pytorch }) => !pytorch), ...best.slice(0, 1)];
}

async function startAll(
  workload: Workload,
  runtimes: readonly Runtime[],
  python: string | undefined,
): Promise<Contestant[]> {
  const contestants: Contestant[] = [];
  for (const runtime of runtimes) {
    contestants.push({ engine: await startRuntime(workload, runtime), pytorch: false });
  }
  for (const threads of python === undefined ? [] : threadSettings()) {
    contestants.push({ engine: await startPytorch(python ?? '', workload, threads), pytorch: true });
  }
  return contestants;
}

async function takeTurns(contestants: readonly Contestant[], rounds: number, steps: number): Promise<Result[]> {
  const results = contestants.map(({ engine: { name }, pytorch }): Result => ({
    name,
    pytorch,
    times: [],
    losses: [],
    peakBytes: 0,
  }));
  for (let round = 0; round <= rounds; round++) {
    for (const [at, { engine }] of contestants.entries()) {
      await sleep(QUIET_MS);
      const { times, losses, peakBytes } = await engine.steps(round * steps, steps);
      const result = results[at];
      if (result === undefined) continue;
      result.losses.push(...losses);
      result.peakBytes = peakBytes;
      // The first round compiles and warms up.
      if (round > 0) result.times.push(...times);
    }
  }
  return results;
}

/** `floorMs`: the step's matrix products at the machine's best rate. */
function rowsOf(workload: string, results: readonly Result[], floorMs: number): BenchmarkRow[] {
  const [first, ...others] = results.filter(({ pytorch }) => !pytorch);
  const [best] = results.filter(({ pytorch }) => pytorch).toSorted((a, b) => median(a.times) - median(b.times));
  const shown = [first, ...others, best].filter((result) => result !== undefined);
  const rows = shown.flatMap(({ name, times, peakBytes }): BenchmarkRow[] => [
    { name: `${workload}: step, ${name}`, value: median(times), unit: 'ms' },
    { name: `${workload}: fastest step, ${name}`, value: Math.min(...times), unit: 'ms' },
    { name: `${workload}: peak memory, ${name}`, value: peakBytes / 2 ** 20, unit: 'MiB' },
  ]);
  if (first === undefined) return rows;
  rows.push({
    name: `${workload}: share of the matrix rate, ${first.name}`,
    value: floorMs / median(first.times),
    unit: '',
  });
  if (best === undefined) return rows;
  const ratio = median(first.times) / median(best.times);
  rows.push(
    {
      name: `${workload}: ${first.name} over PyTorch`,
      value: ratio,
      unit: 'times',
      target: TARGET,
      met: ratio <= TARGET,
    },
    {
      name: `${workload}: largest difference of a loss`,
      value: largestDifference(first.losses, best.losses),
      unit: '',
    },
  );
  return rows;
}

function largestDifference(own: readonly number[], theirs: readonly number[]): number {
  return Math.max(...own.map((loss, step) => Math.abs(loss - (theirs[step] ?? Number.NaN))));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
