import { TensorError } from '../error.ts';
import { BatchContract } from '../runtime/batch-contract.ts';
import type { Executable, HostArray } from '../runtime/executable.ts';
import { GraphCache } from '../runtime/graph-cache.ts';
import { Lifecycle } from '../runtime/lifecycle.ts';
import { constantArrays } from '../runtime/ports.ts';
import { chooseRuntime, DEFAULT_SHAPES, type Compiler } from '../runtime/select.ts';
import type { TensorFile } from '../safetensors/tensor-file.ts';
import type { Batch, Loss, Runtime, StepRate, TrainingOptions, Values } from '../spec.ts';
import { checkpointFile, readCheckpoint } from './checkpoint.ts';
import { NoisePool } from './noise-pool.ts';
import { optimizerFor } from './optimizer/optimizer-for.ts';
import type { Optimizer } from './optimizer/optimizer.ts';
import { ParameterStore } from './parameter-store.ts';
import { ANCHOR, GRADIENT_NORM, LOSS, memoryName, PROXIMAL, rateName, stepProgram } from './step-program.ts';

/**
 * Makes a training of a loss written in ordinary tfjs operations. The whole step (forward, backward, clipping, optimiser)
 * becomes one static graph for each batch shape, when the shape first appears: 0.1 to 0.5 s for a small Transformer.
 */
export async function compile(loss: Loss, options: TrainingOptions): Promise<Training> {
  checkOptions(options);
  return new CompiledTraining(loss, options, await chooseRuntime(options));
}

/** One model in training. Not re-entrant: await each step. Blocks its thread while it computes, so use a worker. */
export interface Training {
  readonly runtime: Runtime;
  /**
   * Sets every parameter (all names required) and the proximal anchor, by default to the same values; the optimiser and
   * the noise begin anew.
   */
  load(values: Values, anchor?: Values): void;
  /**
   * One optimiser step; returns the loss (with the proximal term) before it. On TensorError `not-finite` the
   * parameters stay as they were.
   */
  step(batch: Batch, rate: StepRate): Promise<number>;
  /** Copies of all parameters, or of those of the named groups. */
  values(groups?: readonly string[]): Map<string, Float32Array>;
  /** Gives some parameters new values; the others stay. The optimiser and the proximal anchor begin anew. */
  assign(values: Values): void;
  /**
   * Freezes and unfreezes: from the next step on exactly these parameters are trained. Values stay; the optimiser and the
   * proximal anchor begin anew. Graphs of an earlier choice are used again when it returns.
   */
  setTrainable(trainable: (name: string) => boolean): void;
  /** Everything the next steps depend on, to be written as a safetensors file. */
  checkpoint(): TensorFile;
  /** Goes on exactly where a checkpoint was made, bit for bit on the same runtime. One that does not fit changes nothing. */
  restore(checkpoint: TensorFile): void;
  dispose(): Promise<void>;
}

class CompiledTraining implements Training {
  readonly #loss: Loss;
  readonly #options: TrainingOptions;
  readonly #compiler: Compiler;
  readonly #optimizer: Optimizer;
  readonly #store: ParameterStore;
  readonly #graphs: GraphCache;
  readonly #contract = new BatchContract();
  readonly #noise: NoisePool;
  readonly #lifecycle = new Lifecycle('training', 'step');
  /** Which frozen values a graph has been given; compared with `#frozenVersion`. */
  readonly #given = new WeakMap<Executable, number>();
  #frozenVersion = 0;
  #optimizerSteps = 0;
  #noiseSteps = 0;

  constructor(loss: Loss, options: TrainingOptions, compiler: Compiler) {
    this.#loss = loss;
    this.#options = options;
    this.#compiler = compiler;
    this.#optimizer = optimizerFor(options.optimizer);
    this.#store = new ParameterStore({
      parameters: options.parameters,
      trainable: options.trainable ?? (() => true),
      memory: this.#optimizer.memory,
      proximal: options.proximal ?? false,
    });
    this.#graphs = new GraphCache(options.shapes ?? DEFAULT_SHAPES);
    this.#noise = new NoisePool(options.seed);
  }

  get runtime(): Runtime {
    return this.#compiler.runtime;
  }

  load(values: Values, anchor: Values = values): void {
    this.#lifecycle.mustBeIdle();
    this.#store.load(values, anchor);
    this.#restart();
    this.#noiseSteps = 0;
    this.#lifecycle.loaded();
  }

  assign(values: Values): void {
    this.#lifecycle.mustBeReady();
    this.#store.assign(values);
    this.#restart();
  }

  setTrainable(trainable: (name: string) => boolean): void {
    this.#lifecycle.mustBeIdle();
    this.#store.setTrainable(trainable);
    this.#restart();
  }

  step(batch: Batch, rate: StepRate): Promise<number> {
    return this.#lifecycle.during(() => this.#step(batch, rate));
  }

  values(groups?: readonly string[]): Map<string, Float32Array> {
    this.#lifecycle.mustBeReady();
    const wanted = (name: string): boolean => groups === undefined || groups.includes(groupOf(name));
    return new Map([...this.#store.views(wanted)].map(([name, view]) => [name, view.slice()]));
  }

  checkpoint(): TensorFile {
    this.#lifecycle.mustBeReady();
    const { optimizer, seed, parameters } = this.#options;
    return checkpointFile(
      {
        optimizer,
        seed,
        trainable: this.#store.layout.places.map(({ name }) => name),
        optimizerSteps: this.#optimizerSteps,
        noiseSteps: this.#noiseSteps,
        parameters: this.#store.views(() => true),
        vectors: new Map([
          ...this.#memoryNames().map((name) => [name, this.#store.state[name] ?? new Float32Array()] as const),
          ...(this.#options.proximal ? [[ANCHOR, this.#store.anchor] as const] : []),
        ]),
      },
      parameters,
    );
  }

  restore(checkpoint: TensorFile): void {
    this.#lifecycle.mustBeIdle();
    const { optimizer, seed, parameters, proximal } = this.#options;
    const memory = this.#memoryNames();
    const snapshot = readCheckpoint(checkpoint, {
      specs: parameters,
      optimizer,
      seed,
      vectors: proximal ? [...memory, ANCHOR] : memory,
    });
    const trained = new Set(snapshot.trainable);
    this.#store.setTrainable((name) => trained.has(name));
    this.#store.load(snapshot.parameters);
    const vectors = memory.map((name) => [name, snapshot.vectors.get(name) ?? new Float32Array()] as const);
    this.#store.restore(Object.fromEntries(vectors), snapshot.vectors.get(ANCHOR) ?? new Float32Array());
    this.#restart();
    this.#optimizerSteps = snapshot.optimizerSteps;
    this.#noiseSteps = snapshot.noiseSteps;
    this.#lifecycle.loaded();
  }

  dispose(): Promise<void> {
    return this.#lifecycle.dispose(() => this.#graphs.dispose());
  }

  async #step(batch: Batch, rate: StepRate): Promise<number> {
    const { shapes, ports, fed } = this.#contract.accept(batch);
    const graph = await this.#graph(shapes, () =>
      this.#compiler.compile(
        stepProgram({
          loss: this.#loss,
          options: this.#options,
          optimizer: this.#optimizer,
          layout: this.#store.layout,
          inputs: ports,
        }),
      ),
    );
    const step = this.#noiseSteps;
    const results = await graph.run(
      { ...fed, ...this.#store.fedPorts(), ...this.#scalars(rate) },
      { noise: { stretch: (request, call) => this.#noise.stretch(request, step, call) }, into: this.#store.next },
    );
    const loss = results[LOSS]?.data[0] ?? Number.NaN;
    const norm = results[GRADIENT_NORM]?.data[0] ?? Number.NaN;
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
      throw new TensorError(
        'not-finite',
        `Step ${this.#optimizerSteps + 1} gave loss ${loss} and gradient norm ${norm}; the parameters were left as they were. Lower the learning rate or check the batch for extreme values.`,
      );
    }
    this.#store.advance();
    this.#optimizerSteps += 1;
    this.#noiseSteps += 1;
    return loss;
  }

  async #graph(shapes: string, make: () => Promise<Executable>): Promise<Executable> {
    const trained = this.#store.layout.places.map(({ name }) => name).join(' ');
    const graph = await this.#graphs.get(`${shapes}\n${trained}`, make);
    if (this.#given.get(graph) !== this.#frozenVersion) {
      graph.load({ ...this.#store.fixedPorts(), ...constantArrays(this.#options.constants) });
      this.#given.set(graph, this.#frozenVersion);
    }
    return graph;
  }

  #restart(): void {
    this.#frozenVersion += 1;
    this.#optimizerSteps = 0;
  }

  #memoryNames(): string[] {
    return this.#optimizer.memory.map(memoryName);
  }

  #scalars(rate: StepRate): Record<string, HostArray> {
    const fed: Record<string, HostArray> = {};
    for (const [scalar, value] of Object.entries(this.#optimizer.scalars(rate, this.#optimizerSteps + 1))) {
      fed[rateName(scalar)] = Float32Array.of(value);
    }
    if (this.#options.proximal) {
      fed[ANCHOR] = this.#store.anchor;
      fed[PROXIMAL] = Float32Array.of(rate.proximal ?? 0);
    }
    return fed;
  }
}

function groupOf(name: string): string {
  return name.slice(0, Math.max(0, name.indexOf('/')));
}

function checkOptions({ parameters, seed, clipGradientNorm, shapes, optimizer }: TrainingOptions): void {
  const names = new Set(parameters.map(({ name }) => name));
  if (names.size !== parameters.length) throw new TensorError('invalid-spec', 'Two parameters have the same name.');
  if (!Number.isSafeInteger(seed)) throw new TensorError('invalid-spec', `The seed ${seed} is not a whole number.`);
  if (clipGradientNorm !== undefined && !(clipGradientNorm > 0)) {
    throw new TensorError('invalid-spec', `clipGradientNorm is ${clipGradientNorm}; it must be above 0.`);
  }
  if (shapes !== undefined && !(Number.isSafeInteger(shapes) && shapes > 0)) {
    throw new TensorError('invalid-spec', `shapes is ${shapes}; it must be a whole number above 0.`);
  }
  if (optimizer.kind === 'sgd' && !((optimizer.momentum ?? 0) >= 0 && (optimizer.momentum ?? 0) < 1)) {
    throw new TensorError('invalid-spec', `A momentum of ${optimizer.momentum} is not in [0, 1).`);
  }
}
