import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { TensorError } from '../error.ts';
import type { Runtime } from '../spec.ts';
import type { Workload } from './workload.ts';

/** One line to a step process. */
export type StepOrder =
  | { readonly kind: 'steps'; readonly seed: number; readonly steps: number }
  | { readonly kind: 'matrix' };

export interface StepReply {
  /** Milliseconds of each step. */
  readonly times: readonly number[];
  readonly losses: readonly number[];
  /** Largest resident memory of the process so far. */
  readonly peakBytes: number;
}

/** A training in a process of its own, which computes only when asked. */
export interface StepEngine {
  readonly name: string;
  steps(seed: number, count: number): Promise<StepReply>;
  /** GFLOP/s of square matrix products. */
  matrixRate(): Promise<number>;
  close(): Promise<void>;
}

export function startRuntime(workload: Workload, runtime: Runtime): Promise<StepEngine> {
  const source = import.meta.url.endsWith('.ts');
  const program = fileURLToPath(new URL(source ? './step-process.ts' : './step-process.js', import.meta.url));
  const options = source ? ['--conditions=@noren/source', '--import', 'tsx'] : [];
  const child = [...options, program, JSON.stringify([workload, runtime])];
  return start(runtime, process.execPath, child, process.env);
}

export interface PytorchThreads {
  readonly torch: number;
  readonly openblas: number;
}

export function startPytorch(python: string, workload: Workload, threads: PytorchThreads): Promise<StepEngine> {
  const name = `PyTorch, ${threads.torch} threads, OpenBLAS ${threads.openblas}`;
  const order = JSON.stringify({ ...workload, threads: threads.torch });
  return start(name, python, ['-B', pytorchProgram(), '--serve', order], {
    ...process.env,
    OMP_NUM_THREADS: String(threads.torch),
    OPENBLAS_NUM_THREADS: String(threads.openblas),
  });
}

/** The first of the usual interpreters that has torch. */
export async function pythonWithTorch(): Promise<string | undefined> {
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

/** Python is not built: the program lies in the sources beside the build. */
function pytorchProgram(): string {
  return fileURLToPath(new URL('../../src/benchmark/pytorch/steps.py', import.meta.url));
}

async function start(
  name: string,
  command: string,
  options: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<StepEngine> {
  const child = spawn(command, options, { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<unknown> => {
    const line = await lines.next();
    if (line.done !== true) return JSON.parse(line.value);
    throw new TensorError('engine-failed', `${name} ended in the middle of a benchmark; its message is above.`);
  };
  const ask = (order: StepOrder): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(order)}\n`);
    return answer();
  };
  await answer();
  return {
    name,
    steps: async (seed, count) => (await ask({ kind: 'steps', seed, steps: count })) as StepReply,
    matrixRate: async () => ((await ask({ kind: 'matrix' })) as { readonly matrixRate: number }).matrixRate,
    close: () => close(child),
  };
}

async function close(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.stdin?.end();
  await once(child, 'exit');
}
