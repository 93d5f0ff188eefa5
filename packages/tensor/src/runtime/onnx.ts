import type { InferenceSession, Tensor } from 'onnxruntime-common';

import { TensorError } from '../error.ts';
import type { HostValue } from '../spec.ts';
import type { Value } from '../trace/graph.ts';
import { encodeSegment, segmentsOf, valueName, type Segment, type Segments } from '../trace/segments.ts';
import { noisePort, trace } from '../trace/trace.ts';
import type { Executable, HostArray, HostArrays, NoiseRequest, Port, Program, RunOptions } from './executable.ts';
import { nativeCall } from './native-calls.ts';
import { nativeOptions, type OnnxRuntime } from './onnx-packages.ts';

type Feeds = Record<string, Tensor>;

/** Replays a traced program on onnxruntime, native or WebAssembly. */
export class OnnxExecutable implements Executable {
  readonly #onnx: OnnxRuntime;
  readonly #ports: readonly Port[];
  readonly #noise: readonly NoiseRequest[];
  readonly #outputs: ReadonlyMap<string, Value>;
  readonly #segments: Segments;
  readonly #fixed: InferenceSession | undefined;
  readonly #fed: InferenceSession | undefined;
  #loaded: Feeds = {};
  /** Results of the fixed segment for the values loaded last; undefined until the first run after a load. */
  #settled: Feeds | undefined;

  static async compile(
    program: Program,
    onnx: OnnxRuntime,
    { threads, lean }: { readonly threads: number | undefined; readonly lean: boolean },
  ): Promise<OnnxExecutable> {
    const traced = trace(program);
    const segments = segmentsOf(traced);
    const options: InferenceSession.SessionOptions = {
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      ...(lean ? { enableCpuMemArena: false } : {}),
      ...(onnx.kind === 'native' ? nativeOptions(threads) : {}),
    };
    const [fixed, fed] = await Promise.all([
      // It runs once per load, so it gives its memory back instead of keeping an arena.
      createSession(onnx, segments.fixed, { ...options, enableCpuMemArena: false }),
      createSession(onnx, segments.fed, options),
    ]);
    return new OnnxExecutable(onnx, program.ports, traced.noise, traced.outputs, segments, fixed, fed);
  }

  private constructor(
    onnx: OnnxRuntime,
    ports: readonly Port[],
    noise: readonly NoiseRequest[],
    outputs: ReadonlyMap<string, Value>,
    segments: Segments,
    fixed: InferenceSession | undefined,
    fed: InferenceSession | undefined,
  ) {
    this.#onnx = onnx;
    this.#ports = ports;
    this.#noise = noise;
    this.#outputs = outputs;
    this.#segments = segments;
    this.#fixed = fixed;
    this.#fed = fed;
  }

  load(fixed: HostArrays): void {
    this.#loaded = this.#tensors(fixed);
    this.#settled = undefined;
  }

  async run(fed: HostArrays, { noise, into }: RunOptions): Promise<Record<string, HostValue>> {
    const feeds = this.#tensors(fed);
    for (const [call, request] of this.#noise.entries()) {
      feeds[noisePort(call)] = this.#tensor(noise.stretch(request, call), request.shape);
    }
    this.#settled ??= await this.#run(this.#fixed, this.#segments.fixed, this.#loaded, new Map());
    const destinations = new Map<Value, Tensor>();
    for (const [name, value] of this.#outputs) {
      const data = into[name];
      // The WebAssembly build takes such tensors and leaves them as they were; its results are copied afterwards.
      if (data !== undefined && this.#onnx.kind === 'native') destinations.set(value, this.#tensor(data, value.shape));
    }
    const found = await this.#run(
      this.#fed,
      this.#segments.fed,
      { ...this.#loaded, ...this.#settled, ...feeds },
      destinations,
    );
    return this.#named({ ...this.#settled, ...found }, into);
  }

  async dispose(): Promise<void> {
    this.#loaded = {};
    this.#settled = undefined;
    for (const session of [this.#fixed, this.#fed]) {
      if (session !== undefined) await nativeCall(() => session.release());
    }
  }

  async #run(
    session: InferenceSession | undefined,
    segment: Segment,
    available: Feeds,
    destinations: ReadonlyMap<Value, Tensor>,
  ): Promise<Feeds> {
    if (session === undefined) return {};
    const feeds: Feeds = {};
    for (const value of segment.inputs) {
      const name = valueName(value);
      const tensor = available[name];
      if (tensor === undefined) throw new TensorError('not-loaded', `The value of "${name}" was never given.`);
      feeds[name] = tensor;
    }
    const fetches = Object.fromEntries(
      segment.outputs.map((value) => [valueName(value), destinations.get(value) ?? null]),
    );
    try {
      return { ...(await nativeCall(() => session.run(feeds, fetches))) };
    } catch (cause) {
      if (cause instanceof TensorError) throw cause;
      throw new TensorError('engine-failed', `The compiled graph failed: ${textOf(cause)}`, { cause });
    }
  }

  #named(values: Feeds, into: Readonly<Record<string, Float32Array>>): Record<string, HostValue> {
    const results: Record<string, HostValue> = {};
    for (const [name, value] of this.#outputs) {
      const data = values[valueName(value)]?.data;
      if (data instanceof Float32Array || data instanceof Int32Array) {
        // Results of the fixed segment serve every run, so the caller gets a copy.
        const own = value.stage === 'fixed' ? data.slice() : data;
        const target = into[name];
        if (target !== undefined && target !== own) target.set(own);
        results[name] = { shape: [...value.shape], data: target ?? own };
      } else if (data instanceof Uint8Array) {
        results[name] = { shape: [...value.shape], data: Int32Array.from(data) };
      }
    }
    return results;
  }

  #tensors(arrays: HostArrays): Feeds {
    const feeds: Feeds = {};
    for (const { name, shape } of this.#ports) {
      const data = arrays[name];
      if (data !== undefined) feeds[name] = this.#tensor(data, shape);
    }
    return feeds;
  }

  /** Shares the array's memory; nothing is copied on the way in. */
  #tensor(data: HostArray, shape: readonly number[]): Tensor {
    return data instanceof Float32Array
      ? new this.#onnx.Tensor('float32', data, shape)
      : new this.#onnx.Tensor('int32', data, shape);
  }
}

async function createSession(
  onnx: OnnxRuntime,
  segment: Segment,
  options: InferenceSession.SessionOptions,
): Promise<InferenceSession | undefined> {
  if (segment.outputs.length === 0) return undefined;
  try {
    const model = encodeSegment(segment);
    return await nativeCall(() => onnx.InferenceSession.create(model, options));
  } catch (cause) {
    if (cause instanceof TensorError) throw cause;
    throw new TensorError('engine-failed', `onnxruntime refused the compiled graph: ${textOf(cause)}`, { cause });
  }
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
