import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import type { InferenceSession, Tensor } from 'onnxruntime-common';

import { TensorError } from '../error.ts';
import { nativeCall } from '../runtime/native-calls.ts';
import { loadOnnxNative, loadOnnxWasm, nativeOptions, type OnnxRuntime } from '../runtime/onnx-packages.ts';

/** Row-major. */
export interface OnnxArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | BigInt64Array;
}

/** An input or output as the file declares it. */
export interface OnnxPort {
  readonly name: string;
  /** Element type, such as `float32` or `int64`; `other` for what is no tensor. */
  readonly type: string;
  /** null: a side that may differ from run to run. null as a whole: the file does not say. */
  readonly shape: readonly (number | null)[] | null;
}

export interface OnnxModelOptions {
  /** Default `auto`: native where it is installed. */
  readonly runtime?: 'onnx' | 'onnx-wasm' | 'auto';
  /** Threads of the native runtime; default: all cores. */
  readonly threads?: number | undefined;
}

/** Somebody else's model, opened to run. One run at a time. */
export interface OnnxModel {
  readonly runtime: 'onnx' | 'onnx-wasm';
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  /**
   * The wanted outputs for all inputs. Throws TensorError `engine-failed`, also for an output that holds another type
   * than float32, int32 or int64.
   */
  run<Name extends string>(
    inputs: Readonly<Record<string, OnnxArray>>,
    wanted: readonly Name[],
  ): Promise<Record<Name, OnnxArray>>;
  close(): Promise<void>;
}

/**
 * Files that an ONNX file's tensors may lie in (external data): exporters name them after the file, `model.onnx_data`,
 * `model.onnx_data_1`, `model.onnx.data`. Sorted paths.
 */
export async function externalDataFiles(file: string): Promise<string[]> {
  const own = basename(file);
  const names = await readdir(dirname(file));
  return names
    .filter((name) => name.startsWith(own) && /^[._]data(_\d+)?$/.test(name.slice(own.length)))
    .toSorted()
    .map((name) => join(dirname(file), name));
}

/** Throws TensorError `engine-missing`, or `invalid-file` for a file that is no model onnxruntime can run. */
export async function openOnnxModel(
  file: string,
  { runtime = 'auto', threads }: OnnxModelOptions = {},
): Promise<OnnxModel> {
  const onnx =
    (runtime === 'onnx-wasm' ? undefined : await loadOnnxNative()) ??
    (runtime === 'onnx' ? undefined : await loadOnnxWasm(threads));
  if (onnx === undefined)
    throw new TensorError('engine-missing', 'onnxruntime cannot be loaded on this machine. Install it.');
  const options: InferenceSession.SessionOptions = {
    graphOptimizationLevel: 'all',
    // What goes wrong is thrown; onnxruntime would print it as well.
    logSeverityLevel: 4,
    // Shapes differ from run to run: an arena, or a plan of one run's memory, would only keep what the largest needed.
    enableCpuMemArena: false,
    enableMemPattern: false,
    ...(onnx.kind === 'native' ? nativeOptions(threads) : {}),
  };
  try {
    return new OpenModel(onnx, await createSession(onnx, file, options));
  } catch (cause) {
    if (cause instanceof TensorError) throw cause;
    throw new TensorError('invalid-file', `onnxruntime cannot open the model: ${textOf(cause)}`, { cause });
  }
}

/** Native: by path, so that a file of gigabytes is not read into JavaScript first. */
async function createSession(
  { kind, InferenceSession }: OnnxRuntime,
  file: string,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  if (kind === 'native') return nativeCall(() => InferenceSession.create(file, options));
  const externalData = await Promise.all(
    (await externalDataFiles(file)).map(async (path) => ({ path: basename(path), data: await readFile(path) })),
  );
  return InferenceSession.create(await readFile(file), { ...options, externalData });
}

class OpenModel implements OnnxModel {
  readonly runtime: 'onnx' | 'onnx-wasm';
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  readonly #onnx: OnnxRuntime;
  readonly #session: InferenceSession;

  constructor(onnx: OnnxRuntime, session: InferenceSession) {
    this.runtime = onnx.kind === 'native' ? 'onnx' : 'onnx-wasm';
    this.#onnx = onnx;
    this.#session = session;
    this.inputs = session.inputMetadata.map(portOf);
    this.outputs = session.outputMetadata.map(portOf);
  }

  async run<Name extends string>(
    inputs: Readonly<Record<string, OnnxArray>>,
    wanted: readonly Name[],
  ): Promise<Record<Name, OnnxArray>> {
    const feeds = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, this.#tensor(value)]));
    const found = await nativeCall(() => this.#session.run(feeds, [...wanted])).catch((cause: unknown) => {
      if (cause instanceof TensorError) throw cause;
      throw new TensorError('engine-failed', `The model failed: ${textOf(cause)}`, { cause });
    });
    return Object.fromEntries(wanted.map((name) => [name, arrayOf(name, found[name])])) as Record<Name, OnnxArray>;
  }

  close(): Promise<void> {
    return nativeCall(() => this.#session.release());
  }

  #tensor({ shape, data }: OnnxArray): Tensor {
    if (data instanceof Float32Array) return new this.#onnx.Tensor('float32', data, shape);
    if (data instanceof Int32Array) return new this.#onnx.Tensor('int32', data, shape);
    return new this.#onnx.Tensor('int64', data, shape);
  }
}

function portOf(metadata: InferenceSession.ValueMetadata): OnnxPort {
  if (!metadata.isTensor) return { name: metadata.name, type: 'other', shape: null };
  const { name, type, shape } = metadata;
  // onnxruntime gives an empty shape for a scalar and for one that the file does not declare.
  if (shape.length === 0) return { name, type, shape: null };
  return { name, type, shape: shape.map((side) => (typeof side === 'number' && side >= 0 ? side : null)) };
}

function arrayOf(name: string, tensor: Tensor | undefined): OnnxArray {
  const data = tensor?.data;
  if (
    tensor === undefined ||
    !(data instanceof Float32Array || data instanceof Int32Array || data instanceof BigInt64Array)
  )
    throw new TensorError('engine-failed', `The model's output "${name}" holds ${tensor?.type ?? 'nothing'}.`);
  return { shape: tensor.dims, data };
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
