import { TensorError } from '../error.ts';
import type { Executable, HostArray } from '../runtime/executable.ts';
import { Lifecycle } from '../runtime/lifecycle.ts';
import { NO_NOISE } from '../runtime/noise-tape.ts';
import { checkParameters, constantArrays, parameterValue, portName } from '../runtime/ports.ts';
import { chooseRuntime } from '../runtime/select.ts';
import type { Batch, Runtime } from '../spec.ts';
import { flatLayout, type FlatLayout } from '../training/flat-layout.ts';
import { clippedProgram, PORTS, RESULTS } from './clipped-program.ts';
import { checkIndependence, probeScales } from './independence.ts';
import type { ClippedGradients, Clipping, PerExampleGradients, PerExampleSpec } from './per-example-spec.ts';
import { fedInputs } from './static-inputs.ts';

/**
 * Compiles the gradients of single examples, clipped and summed, as differentially private training needs them (Abadi et
 * al. 2016): one backward pass for the whole batch. Parameters used where no gradient of one example can be formed are
 * refused by name.
 *
 * @throws TensorError `invalid-spec`
 */
export async function compilePerExampleGradients(spec: PerExampleSpec): Promise<PerExampleGradients> {
  if (!Number.isSafeInteger(spec.examples) || spec.examples < 1) {
    throw new TensorError('invalid-spec', `A batch of ${spec.examples} examples is none; give 1 or more.`);
  }
  const trainable = spec.parameters.filter(({ name }) => spec.trainable(name));
  if (trainable.length === 0) throw new TensorError('invalid-spec', 'No parameter is trainable.');
  const layout = flatLayout(trainable);
  const compiler = await chooseRuntime(spec);
  const executable = await compiler.compile(clippedProgram(spec, layout));
  return new CompiledPerExampleGradients(spec, layout, compiler.runtime, executable);
}

class CompiledPerExampleGradients implements PerExampleGradients {
  readonly runtime: Runtime;
  readonly layout: FlatLayout;
  readonly #spec: PerExampleSpec;
  readonly #executable: Executable;
  readonly #trainable: Float32Array;
  readonly #lifecycle = new Lifecycle('function', 'run');
  /** Whether the first batch since the last load has been probed. */
  #probed = false;

  constructor(spec: PerExampleSpec, layout: FlatLayout, runtime: Runtime, executable: Executable) {
    this.runtime = runtime;
    this.layout = layout;
    this.#spec = spec;
    this.#executable = executable;
    this.#trainable = new Float32Array(layout.length);
  }

  load(values: ReadonlyMap<string, Float32Array>): void {
    this.#lifecycle.mustBeIdle();
    const { parameters, constants } = this.#spec;
    checkParameters(parameters, values);
    const trained = new Set(this.layout.places.map(({ name }) => name));
    for (const { name, shape, begin } of this.layout.places) {
      this.#trainable.set(parameterValue(values, name, shape), begin);
    }
    const fixed: Record<string, HostArray> = constantArrays(constants);
    for (const { name, shape } of parameters) {
      if (!trained.has(name)) fixed[portName('parameter', name)] = parameterValue(values, name, shape).slice();
    }
    this.#executable.load(fixed);
    this.#probed = false;
    this.#lifecycle.loaded();
  }

  moveTo(trainable: Float32Array): void {
    this.#lifecycle.mustBeReady();
    if (trainable.length !== this.layout.length) {
      throw new TensorError(
        'invalid-input',
        `The trainable parameters have ${this.layout.length} values, not ${trainable.length}.`,
      );
    }
    this.#trainable.set(trainable);
  }

  run(batch: Batch, clipping: Clipping): Promise<ClippedGradients> {
    return this.#lifecycle.during(async () => {
      const { examples, inputs } = this.#spec;
      checkClipping(clipping, examples);
      const fed = { ...fedInputs(inputs, batch), ...this.#fedParameters() };
      const found = await this.#run(fed, clipping, new Float32Array(examples).fill(1));
      if (!this.#probed) {
        const scales = probeScales(examples);
        const probed = await this.#run(fed, clipping, scales);
        checkIndependence(found.norms, probed.norms, scales);
        this.#probed = true;
      }
      return found;
    });
  }

  dispose(): Promise<void> {
    return this.#lifecycle.dispose(() => this.#executable.dispose());
  }

  async #run(
    fed: Readonly<Record<string, HostArray>>,
    { clipNorm, weights }: Clipping,
    scales: Float32Array,
  ): Promise<ClippedGradients> {
    const sum = new Float32Array(this.layout.length);
    const results = await this.#executable.run(
      { ...fed, [PORTS.scales]: scales, [PORTS.weights]: weights, [PORTS.clipNorm]: Float32Array.of(clipNorm) },
      { noise: NO_NOISE, into: { [RESULTS.sum]: sum } },
    );
    const norms = Float32Array.from(results[RESULTS.norms]?.data ?? []);
    const losses = Float32Array.from(results[RESULTS.losses]?.data ?? []);
    if (!norms.every(Number.isFinite) || !losses.every(Number.isFinite) || !sum.every(Number.isFinite)) {
      throw new TensorError(
        'not-finite',
        'The loss or the gradient of an example is not a finite number. Check the parameters and the batch (padding rows too) for extreme values.',
      );
    }
    const clipped = norms.reduce((count, norm, i) => ((weights[i] ?? 0) > 0 && norm > clipNorm ? count + 1 : count), 0);
    return { sum, norms, losses, clipped };
  }

  #fedParameters(): Record<string, HostArray> {
    return Object.fromEntries(
      this.layout.places.map(({ name, begin, end }) => [
        portName('parameter', name),
        this.#trainable.subarray(begin, end),
      ]),
    );
  }
}

function checkClipping({ clipNorm, weights }: Clipping, examples: number): void {
  if (!(clipNorm > 0)) throw new TensorError('invalid-input', `The clip norm is ${clipNorm}; it must be above 0.`);
  if (weights.length !== examples) {
    throw new TensorError('invalid-input', `There are ${weights.length} weights for ${examples} examples.`);
  }
  if (!weights.every((weight) => Number.isFinite(weight) && weight >= 0)) {
    throw new TensorError('invalid-input', 'A weight is negative or not a finite number.');
  }
}
