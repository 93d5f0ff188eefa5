import type { tf } from './engine.ts';
import { TensorError } from './error.ts';
import { BatchContract } from './runtime/batch-contract.ts';
import type { Executable, HostArrays, Port, Program } from './runtime/executable.ts';
import { GraphCache } from './runtime/graph-cache.ts';
import {
  checkParameters,
  constantArrays,
  constantPorts,
  parameterPorts,
  parameterValue,
  portName,
  recordOf,
} from './runtime/ports.ts';
import { chooseRuntime, DEFAULT_SHAPES, type Compiler } from './runtime/select.ts';
import type { Batch, Constants, HostValue, ParameterSpec, Runtime, RuntimeChoice, Tensors, Values } from './spec.ts';

/** A model's outputs for one batch, by name. Traced once per batch shape: a pure function of its arguments. */
export type Outputs = (parameters: Tensors, inputs: Tensors, constants: Tensors) => Readonly<Record<string, tf.Tensor>>;

export interface InferenceOptions extends RuntimeChoice {
  readonly parameters: readonly ParameterSpec[];
  readonly constants?: Constants;
}

/** What depends only on parameters and constants is computed once after `load`, not in every `run`. */
export interface Inference {
  readonly runtime: Runtime;
  /** Sets every parameter (all names required). */
  load(values: Values): void;
  run(inputs: Batch): Promise<Record<string, HostValue>>;
  dispose(): Promise<void>;
}

/** Makes an inference of a function written in tfjs operations; compiled for each batch shape when it first appears. */
export async function compileInference(outputs: Outputs, options: InferenceOptions): Promise<Inference> {
  return new CompiledInference(outputs, options, await chooseRuntime(options));
}

class CompiledInference implements Inference {
  readonly #outputs: Outputs;
  readonly #options: InferenceOptions;
  readonly #compiler: Compiler;
  readonly #graphs: GraphCache;
  readonly #contract = new BatchContract();
  #fixed: HostArrays = {};
  #condition: 'empty' | 'ready' | 'running' | 'disposed' = 'empty';

  constructor(outputs: Outputs, options: InferenceOptions, compiler: Compiler) {
    this.#outputs = outputs;
    this.#options = options;
    this.#compiler = compiler;
    this.#graphs = new GraphCache(options.shapes ?? DEFAULT_SHAPES);
  }

  get runtime(): Runtime {
    return this.#compiler.runtime;
  }

  load(values: Values): void {
    this.#mustBe('empty', 'ready');
    const { parameters, constants } = this.#options;
    checkParameters(parameters, values);
    const own = parameters.map(
      ({ name, shape }) => [portName('parameter', name), parameterValue(values, name, shape).slice()] as const,
    );
    this.#fixed = { ...Object.fromEntries(own), ...constantArrays(constants) };
    this.#graphs.forEach((graph) => graph.load(this.#fixed));
    this.#condition = 'ready';
  }

  async run(inputs: Batch): Promise<Record<string, HostValue>> {
    this.#mustBe('ready');
    const { shapes, ports, fed } = this.#contract.accept(inputs);
    this.#condition = 'running';
    try {
      const graph = await this.#graphs.get(shapes, () => this.#compile(ports));
      return await graph.run(fed, { noise: { stretch: refuseNoise }, into: {} });
    } finally {
      this.#condition = 'ready';
    }
  }

  async dispose(): Promise<void> {
    if (this.#condition === 'disposed') return;
    this.#mustBe('empty', 'ready');
    this.#condition = 'disposed';
    await this.#graphs.dispose();
  }

  async #compile(inputs: readonly Port[]): Promise<Executable> {
    const graph = await this.#compiler.compile(inferenceProgram(this.#outputs, this.#options, inputs));
    graph.load(this.#fixed);
    return graph;
  }

  #mustBe(...allowed: readonly ('empty' | 'ready')[]): void {
    const condition = this.#condition;
    if (condition === 'disposed') throw new TensorError('disposed', 'This inference was disposed.');
    if (condition === 'running') throw new TensorError('busy', 'A run has not ended; await it first.');
    if (!allowed.includes(condition)) throw new TensorError('not-loaded', 'Call load() before the first run.');
  }
}

/** The function with its ports, parameters and constants fixed. */
export function inferenceProgram(
  outputs: Outputs,
  { parameters, constants }: Pick<InferenceOptions, 'parameters' | 'constants'>,
  inputs: readonly Port[],
): Program {
  return {
    ports: [...constantPorts(constants), ...parameterPorts(parameters, 'fixed'), ...inputs],
    body: (tensors) => ({
      ...outputs(recordOf(tensors, 'parameter'), recordOf(tensors, 'input'), recordOf(tensors, 'constant')),
    }),
  };
}

function refuseNoise(): never {
  throw new TensorError('invalid-spec', 'Inference has no noise.');
}
