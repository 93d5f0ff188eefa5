import { TensorError } from '../error.ts';
import type { Executable, HostArray } from '../runtime/executable.ts';
import { checkParameters, fedInputs, parameterValue, portName } from '../runtime/ports.ts';
import { compileProgram } from '../runtime/select.ts';
import type { Batch, Runtime, StepRate, Training, TrainingSpec } from '../spec.ts';
import { adamScalars } from './adam.ts';
import type { FlatLayout } from './flat-layout.ts';
import { NoisePool } from './noise-pool.ts';
import { ANCHOR, GRADIENT_NORM, LOSS, PROXIMAL, rateName, STATE, stepProgram } from './step-program.ts';

/**
 * Compiles one training step: forward, backward, clipping and optimiser. Tracing and building take 0.1 to 0.5 s for a
 * small Transformer, so compile once per batch shape and keep it.
 */
export async function compileTraining(spec: TrainingSpec): Promise<Training> {
  checkSpec(spec);
  const { program, layout } = stepProgram(spec);
  const { runtime, executable } = await compileProgram(program, spec);
  return new CompiledTraining(spec, layout, runtime, executable);
}

/** The vectors one step writes while the next reads the other set: a runtime must not write over its own inputs. */
type StateVectors = Record<keyof typeof STATE, Float32Array>;

class CompiledTraining implements Training {
  readonly runtime: Runtime;
  readonly #spec: TrainingSpec;
  readonly #layout: FlatLayout;
  readonly #executable: Executable;
  readonly #noise: NoisePool;
  #state: StateVectors;
  #next: StateVectors;
  #anchor: Float32Array | undefined;
  #frozen: ReadonlyMap<string, Float32Array> = new Map();
  #steps = 0;
  #condition: 'empty' | 'ready' | 'stepping' | 'disposed' = 'empty';

  constructor(spec: TrainingSpec, layout: FlatLayout, runtime: Runtime, executable: Executable) {
    this.runtime = runtime;
    this.#spec = spec;
    this.#layout = layout;
    this.#executable = executable;
    this.#noise = new NoisePool(spec.seed);
    this.#state = stateVectors(layout.length);
    this.#next = stateVectors(layout.length);
  }

  load(values: ReadonlyMap<string, Float32Array>): void {
    this.#mustBe('empty', 'ready');
    checkParameters(this.#spec.parameters, values);
    for (const { name, shape, begin } of this.#layout.places) {
      this.#state.parameters.set(parameterValue(values, name, shape), begin);
    }
    this.#state.first.fill(0);
    this.#state.second.fill(0);
    if (this.#spec.proximal) this.#anchor = this.#state.parameters.slice();
    this.#steps = 0;

    const frozen = this.#spec.parameters.filter(({ name }) => !this.#spec.trainable(name));
    this.#frozen = new Map(frozen.map(({ name, shape }) => [name, parameterValue(values, name, shape).slice()]));
    const fixed: Record<string, HostArray> = {};
    for (const [name, value] of this.#frozen) fixed[portName('parameter', name)] = value;
    for (const [name, { data }] of Object.entries(this.#spec.constants ?? {})) fixed[portName('constant', name)] = data;
    this.#executable.load(fixed);
    this.#condition = 'ready';
  }

  async step(batch: Batch, rate: StepRate): Promise<number> {
    this.#mustBe('ready');
    const fed = { ...fedInputs(this.#spec.inputs, batch), ...this.#fedState(rate) };
    const step = this.#steps;
    this.#condition = 'stepping';
    try {
      const results = await this.#executable.run(fed, {
        noise: { stretch: (request, call) => this.#noise.stretch(request, step, call) },
        into: {
          [STATE.parameters]: this.#next.parameters,
          [STATE.first]: this.#next.first,
          [STATE.second]: this.#next.second,
        },
      });
      const loss = results[LOSS]?.data[0] ?? Number.NaN;
      const norm = results[GRADIENT_NORM]?.data[0] ?? Number.NaN;
      if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
        throw new TensorError(
          'not-finite',
          `Step ${step + 1} gave loss ${loss} and gradient norm ${norm}; the parameters were left as they were. Lower the learning rate or check the batch for extreme values.`,
        );
      }
      [this.#state, this.#next] = [this.#next, this.#state];
      this.#steps = step + 1;
      return loss;
    } finally {
      this.#condition = 'ready';
    }
  }

  values(): Map<string, Float32Array> {
    this.#mustBe('ready');
    const trained = new Map(
      this.#layout.places.map(({ name, begin, end }) => [name, this.#state.parameters.slice(begin, end)]),
    );
    return new Map(
      this.#spec.parameters.map(({ name }) => [
        name,
        trained.get(name) ?? this.#frozen.get(name)?.slice() ?? new Float32Array(),
      ]),
    );
  }

  async dispose(): Promise<void> {
    if (this.#condition === 'disposed') return;
    this.#mustBe('empty', 'ready');
    this.#condition = 'disposed';
    await this.#executable.dispose();
  }

  #fedState(rate: StepRate): Record<string, HostArray> {
    const { parameters, first, second } = this.#state;
    const fed: Record<string, HostArray> = {
      [STATE.parameters]: parameters,
      [STATE.first]: first,
      [STATE.second]: second,
    };
    for (const { name, begin, end } of this.#layout.places) {
      fed[portName('parameter', name)] = parameters.subarray(begin, end);
    }
    const scalars = adamScalars(this.#spec.optimizer, rate, this.#steps + 1);
    for (const [scalar, value] of Object.entries(scalars)) fed[rateName(scalar)] = Float32Array.of(value);
    if (this.#anchor !== undefined) {
      fed[ANCHOR] = this.#anchor;
      fed[PROXIMAL] = Float32Array.of(rate.proximal ?? 0);
    }
    return fed;
  }

  #mustBe(...allowed: readonly ('empty' | 'ready')[]): void {
    const condition = this.#condition;
    if (condition === 'disposed') throw new TensorError('disposed', 'This training was disposed.');
    if (condition === 'stepping') throw new TensorError('busy', 'A step is still running; await it first.');
    if (!allowed.includes(condition)) throw new TensorError('not-loaded', 'Call load() before the first step.');
  }
}

function stateVectors(length: number): StateVectors {
  return {
    parameters: new Float32Array(length),
    first: new Float32Array(length),
    second: new Float32Array(length),
  };
}

function checkSpec(spec: TrainingSpec): void {
  const names = new Set(spec.parameters.map(({ name }) => name));
  if (names.size !== spec.parameters.length)
    throw new TensorError('invalid-spec', 'Two parameters have the same name.');
  if (!Number.isSafeInteger(spec.seed))
    throw new TensorError('invalid-spec', `The seed ${spec.seed} is not a whole number.`);
  if (spec.clipGradientNorm !== undefined && !(spec.clipGradientNorm > 0)) {
    throw new TensorError('invalid-spec', `clipGradientNorm is ${spec.clipGradientNorm}; it must be above 0.`);
  }
}
