import { TensorError } from './error.ts';
import type { Executable, HostArray, Port } from './runtime/executable.ts';
import {
  checkParameters,
  constantPorts,
  fedInputs,
  inputPorts,
  parameterPorts,
  parameterValue,
  portName,
  recordOf,
} from './runtime/ports.ts';
import { compileProgram } from './runtime/select.ts';
import type { Batch, HostOutput, Inference, InferenceSpec, Runtime } from './spec.ts';

/** Compiles a function of parameters, constants and inputs. Compile once per input shape and keep it. */
export async function compileInference(spec: InferenceSpec): Promise<Inference> {
  const ports: Port[] = [
    ...constantPorts(spec.constants),
    ...parameterPorts(spec.parameters, 'fixed'),
    ...inputPorts(spec.inputs),
  ];
  const { runtime, executable } = await compileProgram(
    {
      ports,
      body: (tensors) =>
        spec.outputs(recordOf(tensors, 'parameter'), recordOf(tensors, 'input'), recordOf(tensors, 'constant')),
    },
    spec,
  );
  return new CompiledInference(spec, runtime, executable);
}

class CompiledInference implements Inference {
  readonly runtime: Runtime;
  readonly #spec: InferenceSpec;
  readonly #executable: Executable;
  #condition: 'empty' | 'ready' | 'running' | 'disposed' = 'empty';

  constructor(spec: InferenceSpec, runtime: Runtime, executable: Executable) {
    this.runtime = runtime;
    this.#spec = spec;
    this.#executable = executable;
  }

  load(values: ReadonlyMap<string, Float32Array>): void {
    this.#mustBe('empty', 'ready');
    checkParameters(this.#spec.parameters, values);
    const fixed: Record<string, HostArray> = {};
    for (const { name, shape } of this.#spec.parameters) {
      fixed[portName('parameter', name)] = parameterValue(values, name, shape).slice();
    }
    for (const [name, { data }] of Object.entries(this.#spec.constants ?? {})) fixed[portName('constant', name)] = data;
    this.#executable.load(fixed);
    this.#condition = 'ready';
  }

  async run(inputs: Batch): Promise<Record<string, HostOutput>> {
    this.#mustBe('ready');
    const fed = fedInputs(this.#spec.inputs, inputs);
    this.#condition = 'running';
    try {
      return await this.#executable.run(fed, { noise: { stretch: refuseNoise }, into: {} });
    } finally {
      this.#condition = 'ready';
    }
  }

  async dispose(): Promise<void> {
    if (this.#condition === 'disposed') return;
    this.#mustBe('empty', 'ready');
    this.#condition = 'disposed';
    await this.#executable.dispose();
  }

  #mustBe(...allowed: readonly ('empty' | 'ready')[]): void {
    const condition = this.#condition;
    if (condition === 'disposed') throw new TensorError('disposed', 'This inference was disposed.');
    if (condition === 'running') throw new TensorError('busy', 'A run has not ended; await it first.');
    if (!allowed.includes(condition)) throw new TensorError('not-loaded', 'Call load() before the first run.');
  }
}

function refuseNoise(): never {
  throw new TensorError('invalid-spec', 'Inference has no noise.');
}
