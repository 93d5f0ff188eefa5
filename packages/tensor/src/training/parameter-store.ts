import { TensorError } from '../error.ts';
import type { HostArrays } from '../runtime/executable.ts';
import { checkParameters, parameterValue, portName } from '../runtime/ports.ts';
import type { ParameterSpec, Values } from '../spec.ts';
import { flatLayout, type FlatLayout } from './flat-layout.ts';
import { memoryName, PARAMETERS } from './step-program.ts';

type StateVectors = Readonly<Record<string, Float32Array>>;

/**
 * Every value a training owns: one flat vector of the trainable parameters and one for each vector the optimiser
 * remembers, all twice, because a step writes one set while it reads the other; one flat vector of the frozen ones.
 */
export class ParameterStore {
  readonly #parameters: readonly ParameterSpec[];
  readonly #memory: readonly string[];
  readonly #proximal: boolean;
  #trainable: FlatLayout;
  #frozen: FlatLayout;
  #frozenVector: Float32Array;
  #anchor: Float32Array;
  #state: StateVectors;
  #next: StateVectors;

  constructor(o: {
    readonly parameters: readonly ParameterSpec[];
    readonly trainable: (name: string) => boolean;
    readonly memory: readonly string[];
    readonly proximal: boolean;
  }) {
    this.#parameters = o.parameters;
    this.#memory = o.memory;
    this.#proximal = o.proximal;
    [this.#trainable, this.#frozen] = layouts(o.parameters, o.trainable);
    this.#frozenVector = new Float32Array(this.#frozen.length);
    this.#anchor = new Float32Array();
    this.#state = this.#stateVectors();
    this.#next = this.#stateVectors();
  }

  /** Of the trainable parameters, which the vectors of `state` follow. */
  get layout(): FlatLayout {
    return this.#trainable;
  }

  /** What the next step reads. */
  get state(): StateVectors {
    return this.#state;
  }

  /** What the next step writes. */
  get next(): StateVectors {
    return this.#next;
  }

  /** Where the proximal term pulls to; empty without one. */
  get anchor(): Float32Array {
    return this.#anchor;
  }

  /** What was written becomes what is read. */
  advance(): void {
    [this.#state, this.#next] = [this.#next, this.#state];
  }

  /** Every parameter; the anchor moves to `anchor` and the optimiser forgets. */
  load(values: Values, anchor: Values = values): void {
    checkParameters(this.#parameters, values);
    checkParameters(this.#parameters, anchor);
    this.#write(anchor);
    this.#restartOptimizer();
    this.#write(values);
  }

  /** Some parameters; the others keep their values. The anchor and the optimiser begin anew for all. */
  assign(values: Values): void {
    for (const [name, data] of values) {
      const spec = this.#parameters.find((parameter) => parameter.name === name);
      if (spec === undefined) throw new TensorError('invalid-input', `The model has no parameter "${name}".`);
      parameterValue(new Map([[name, data]]), name, spec.shape);
    }
    this.#write(values);
    this.#restartOptimizer();
  }

  /** Moves parameters between the vectors; values stay, the anchor and the optimiser begin anew. */
  setTrainable(trainable: (name: string) => boolean): void {
    const [next, frozen] = layouts(this.#parameters, trainable);
    const values = this.views(() => true);
    [this.#trainable, this.#frozen] = [next, frozen];
    this.#frozenVector = new Float32Array(frozen.length);
    this.#state = this.#stateVectors();
    this.#next = this.#stateVectors();
    this.#write(values);
    this.#restartOptimizer();
  }

  /** The parameters a function asks for, in the order they were declared, in the memory where they live. */
  views(wanted: (name: string) => boolean): Map<string, Float32Array> {
    const found = new Map<string, Float32Array>();
    const parameters = this.#state[PARAMETERS] ?? new Float32Array();
    for (const { name, begin, end } of this.#trainable.places) {
      if (wanted(name)) found.set(name, parameters.subarray(begin, end));
    }
    for (const { name, begin, end } of this.#frozen.places) {
      if (wanted(name)) found.set(name, this.#frozenVector.subarray(begin, end));
    }
    const declared = this.#parameters.map(({ name }) => name).filter((name) => found.has(name));
    return new Map(declared.map((name) => [name, found.get(name) ?? new Float32Array()]));
  }

  /** The frozen parameters as a graph's fixed ports take them. */
  fixedPorts(): HostArrays {
    return Object.fromEntries(
      this.#frozen.places.map(({ name, begin, end }) => [
        portName('parameter', name),
        this.#frozenVector.subarray(begin, end),
      ]),
    );
  }

  /** The trainable parameters and the optimiser's memory as a graph's fed ports take them. */
  fedPorts(): HostArrays {
    const parameters = this.#state[PARAMETERS] ?? new Float32Array();
    return {
      ...this.#state,
      ...Object.fromEntries(
        this.#trainable.places.map(({ name, begin, end }) => [
          portName('parameter', name),
          parameters.subarray(begin, end),
        ]),
      ),
    };
  }

  /** Puts back what `state` and `anchor` held; the lengths must be those of the layout. */
  restore(memory: StateVectors, anchor: Float32Array): void {
    for (const [name, data] of Object.entries(memory)) this.#state[name]?.set(data);
    if (this.#proximal) this.#anchor = anchor.slice();
  }

  #write(values: Values): void {
    for (const { name, begin, end } of this.#trainable.places) {
      const value = values.get(name);
      if (value !== undefined) this.#state[PARAMETERS]?.subarray(begin, end).set(value);
    }
    for (const { name, begin, end } of this.#frozen.places) {
      const value = values.get(name);
      if (value !== undefined) this.#frozenVector.subarray(begin, end).set(value);
    }
  }

  #restartOptimizer(): void {
    for (const vector of this.#memory) this.#state[memoryName(vector)]?.fill(0);
    if (this.#proximal) this.#anchor = this.#state[PARAMETERS]?.slice() ?? new Float32Array();
  }

  #stateVectors(): StateVectors {
    const names = [PARAMETERS, ...this.#memory.map(memoryName)];
    return Object.fromEntries(names.map((name) => [name, new Float32Array(this.#trainable.length)]));
  }
}

function layouts(parameters: readonly ParameterSpec[], trainable: (name: string) => boolean): [FlatLayout, FlatLayout] {
  const trained = parameters.filter(({ name }) => trainable(name));
  if (trained.length === 0) throw new TensorError('invalid-spec', 'No parameter is trainable.');
  return [flatLayout(trained), flatLayout(parameters.filter(({ name }) => !trainable(name)))];
}
