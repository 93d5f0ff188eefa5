import type { tf } from '../engine.ts';
import { TensorError } from '../error.ts';
import type { Graph } from './graph.ts';
import type { Symbolic, SymbolType } from './symbol.ts';
import { usedAt } from './used-at.ts';

/** How one tfjs kernel becomes nodes. */
export type Kernel = (call: KernelCall) => Symbolic | readonly Symbolic[];

/** The arguments of one kernel call, read with their types; tfjs declares attributes as untyped. */
export class KernelCall {
  readonly graph: Graph;
  readonly #kernel: string;
  readonly #inputs: Readonly<Record<string, Symbolic>>;
  readonly #attributes: tf.NamedAttrMap;

  constructor(kernel: string, graph: Graph, inputs: Readonly<Record<string, Symbolic>>, attributes: tf.NamedAttrMap) {
    this.graph = graph;
    this.#kernel = kernel;
    this.#inputs = inputs;
    this.#attributes = attributes;
  }

  input(name: string): Symbolic {
    const symbol = this.#inputs[name];
    if (symbol === undefined) throw this.unsupported(`without its input "${name}"`);
    return symbol;
  }

  has(name: string): boolean {
    return this.#inputs[name] !== undefined;
  }

  /** For kernels over a list of tensors. */
  list(): Symbolic[] {
    return Object.values(this.#inputs);
  }

  number(name: string): number {
    const value = this.#attributes[name];
    if (typeof value !== 'number') throw this.unsupported(`with attribute ${name}=${JSON.stringify(value)}`);
    return value;
  }

  numbers(name: string): number[] {
    const value = this.#attributes[name];
    if (typeof value === 'number') return [value];
    if (!Array.isArray(value)) throw this.unsupported(`with attribute ${name}=${JSON.stringify(value)}`);
    return value.map(Number);
  }

  flag(name: string): boolean {
    return this.#attributes[name] === true;
  }

  text(name: string): string {
    const value = this.#attributes[name];
    if (typeof value !== 'string') throw this.unsupported(`with attribute ${name}=${JSON.stringify(value)}`);
    return value;
  }

  dtype(name: string): SymbolType {
    const value = this.text(name);
    if (value === 'float32' || value === 'int32' || value === 'bool') return value;
    throw this.unsupported(`with dtype ${value}`);
  }

  raw(name: string): unknown {
    return this.#attributes[name];
  }

  unsupported(how: string): TensorError {
    return unsupportedKernel(this.#kernel, ` ${how}`);
  }
}

/** Names the operation and the line that used it. */
export function unsupportedKernel(kernel: string, how = ''): TensorError {
  const place = usedAt();
  return new TensorError(
    'unsupported-kernel',
    `The operation "${kernel}" cannot be compiled${how}${place === undefined ? '' : `; used at ${place}`}. Express it with other operations, or choose runtime "cpu".`,
  );
}
