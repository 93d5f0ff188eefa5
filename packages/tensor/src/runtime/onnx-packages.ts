import { availableParallelism } from 'node:os';

import type { InferenceSession, InferenceSessionFactory, TensorConstructor } from 'onnxruntime-common';

import { nativeCall } from './native-calls.ts';

/** What the native and the WebAssembly package have in common. */
export interface OnnxRuntime {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
  readonly kind: 'native' | 'wasm';
}

/** onnxruntime-node, or undefined where it is not installed or has no binary for this platform. */
export async function loadOnnxNative(): Promise<OnnxRuntime | undefined> {
  try {
    const { env, InferenceSession, Tensor } = await nativeCall(() => import('onnxruntime-node'));
    // It warns on stderr about every optimisation it skips.
    env.logLevel = 'error';
    return { InferenceSession, Tensor, kind: 'native' };
  } catch {
    return undefined;
  }
}

/** onnxruntime-web, or undefined where it is not installed. Its threads are set once, by the first to load it. */
export async function loadOnnxWasm(threads: number = availableParallelism()): Promise<OnnxRuntime | undefined> {
  try {
    const { env, InferenceSession, Tensor } = await import('onnxruntime-web');
    env.logLevel = 'error';
    env.wasm.numThreads ??= threads;
    return { InferenceSession, Tensor, kind: 'wasm' };
  } catch {
    return undefined;
  }
}

/** Of a session of the native package. `threads`: default all cores. */
export function nativeOptions(threads: number | undefined): InferenceSession.SessionOptions {
  return {
    // Idle threads sleep: on a shop's machine, or with several sessions, spinning costs more than waking up.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
  };
}
