import { TensorError } from '../error.ts';
import type { Runtime } from '../spec.ts';
import { EagerExecutable } from './eager.ts';
import type { Executable, Program } from './executable.ts';
import { loadOnnxRuntime, OnnxExecutable } from './onnx.ts';
import { loadTensorflow } from './tensorflow.ts';

export interface CompileOptions {
  readonly runtime?: Runtime | 'auto';
  readonly threads?: number;
}

/** `auto` takes the fastest runtime that is there: onnx, then tensorflow, then cpu. A named runtime must be there. */
export async function compileProgram(
  program: Program,
  { runtime = 'auto', threads }: CompileOptions,
): Promise<{ readonly runtime: Runtime; readonly executable: Executable }> {
  if (runtime === 'auto' || runtime === 'onnx') {
    const onnx = await loadOnnxRuntime();
    if (onnx !== undefined) {
      return { runtime: 'onnx', executable: await OnnxExecutable.compile(program, onnx, threads) };
    }
  }
  if ((runtime === 'auto' || runtime === 'tensorflow') && (await loadTensorflow())) {
    return { runtime: 'tensorflow', executable: new EagerExecutable(program, 'tensorflow') };
  }
  if (runtime === 'auto' || runtime === 'cpu') {
    return { runtime: 'cpu', executable: new EagerExecutable(program, 'cpu') };
  }
  throw new TensorError(
    'engine-missing',
    runtime === 'onnx'
      ? 'onnxruntime-node cannot be loaded on this machine. Install it, or choose runtime "auto".'
      : '@tensorflow/tfjs-node cannot be loaded on this machine. Install it, or choose runtime "auto".',
  );
}
