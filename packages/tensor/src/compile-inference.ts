import type { tf } from './engine.ts';
import { BatchContract } from './runtime/batch-contract.ts';
import type { Executable, HostArrays, Port, Program } from './runtime/executable.ts';
import { GraphCache } from './runtime/graph-cache.ts';
import { Lifecycle } from './runtime/lifecycle.ts';
import { NO_NOISE } from './runtime/noise-tape.ts';
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
  readonly #lifecycle = new Lifecycle('inference', 'run');
  #fixed: HostArrays = {};

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
    this.#lifecycle.mustBeIdle();
    const { parameters, constants } = this.#options;
    checkParameters(parameters, values);
    const own = parameters.map(
      ({ name, shape }) => [portName('parameter', name), parameterValue(values, name, shape).slice()] as const,
    );
    this.#fixed = { ...Object.fromEntries(own), ...constantArrays(constants) };
    this.#graphs.forEach((graph) => graph.load(this.#fixed));
    this.#lifecycle.loaded();
  }

  run(inputs: Batch): Promise<Record<string, HostValue>> {
    return this.#lifecycle.during(async () => {
      const { shapes, ports, fed } = this.#contract.accept(inputs);
      const graph = await this.#graphs.get(shapes, () => this.#compile(ports));
      return graph.run(fed, { noise: NO_NOISE, into: {} });
    });
  }

  dispose(): Promise<void> {
    return this.#lifecycle.dispose(() => this.#graphs.dispose());
  }

  async #compile(inputs: readonly Port[]): Promise<Executable> {
    const graph = await this.#compiler.compile(inferenceProgram(this.#outputs, this.#options, inputs));
    graph.load(this.#fixed);
    return graph;
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
