import { TensorError } from '../error.ts';
import type { Runtime, RuntimeChoice } from '../spec.ts';
import { EagerExecutable } from './eager.ts';
import type { Executable, Program } from './executable.ts';
import { OnnxExecutable } from './onnx.ts';
import { loadOnnxNative, loadOnnxWasm } from './onnx-packages.ts';
import { loadTensorflow } from './tensorflow.ts';

/** Turns programs into executables of one runtime. */
export interface Compiler {
  readonly runtime: Runtime;
  compile(program: Program): Promise<Executable>;
}

export const DEFAULT_SHAPES = 4;

const PACKAGES: Readonly<Record<Exclude<Runtime, 'cpu'>, string>> = {
  onnx: 'onnxruntime-node',
  'onnx-wasm': 'onnxruntime-web',
  tensorflow: '@tensorflow/tfjs-node',
};

/** The fastest first. */
const RUNTIMES: readonly Runtime[] = ['onnx', 'onnx-wasm', 'tensorflow', 'cpu'];

/** `auto` takes the fastest runtime that is there. A named runtime must be there: throws TensorError `engine-missing`. */
export async function chooseRuntime({ runtime = 'auto', threads, memory }: RuntimeChoice): Promise<Compiler> {
  const candidates = runtime === 'auto' ? RUNTIMES : [runtime];
  for (const candidate of candidates) {
    const compiler = await compilerFor(candidate, { threads, lean: memory === 'lean' });
    if (compiler !== undefined) return compiler;
  }
  const name = runtime === 'auto' || runtime === 'cpu' ? 'The runtime' : PACKAGES[runtime];
  throw new TensorError(
    'engine-missing',
    `${name} cannot be loaded on this machine. Install it, or choose runtime "auto".`,
  );
}

/** The runtimes that work on this machine, the fastest first. */
export async function availableRuntimes(): Promise<Runtime[]> {
  const there = await Promise.all(
    RUNTIMES.map(async (runtime) => (await compilerFor(runtime, { threads: undefined, lean: false })) !== undefined),
  );
  return RUNTIMES.filter((_, at) => there[at]);
}

async function compilerFor(
  runtime: Runtime,
  options: { readonly threads: number | undefined; readonly lean: boolean },
): Promise<Compiler | undefined> {
  switch (runtime) {
    case 'onnx':
    case 'onnx-wasm': {
      const onnx = runtime === 'onnx' ? await loadOnnxNative() : await loadOnnxWasm(options.threads);
      if (onnx === undefined) return undefined;
      return { runtime, compile: (program) => OnnxExecutable.compile(program, onnx, options) };
    }
    case 'tensorflow':
      if (!(await loadTensorflow())) return undefined;
      return { runtime, compile: (program) => Promise.resolve(new EagerExecutable(program, 'tensorflow')) };
    case 'cpu':
      return { runtime, compile: (program) => Promise.resolve(new EagerExecutable(program, 'cpu')) };
  }
}
