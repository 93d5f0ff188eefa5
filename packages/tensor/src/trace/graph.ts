import type { Attribute, CONTRIB_DOMAIN, ElementType } from '../onnx/model.ts';

/**
 * When a value can be known. `literal`: while tracing. `fixed`: after `load`, from constants and frozen parameters.
 * `fed`: only in a run.
 */
type Stage = 'literal' | 'fixed' | 'fed';

export type LiteralData = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** One tensor of the graph, assigned once. */
export interface Value {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: ElementType;
  readonly stage: Stage;
  readonly source:
    | { readonly kind: 'port'; readonly name: string }
    | { readonly kind: 'literal'; readonly data: LiteralData }
    | { readonly kind: 'node'; readonly node: Node };
}

export interface Node {
  readonly op: string;
  readonly domain: '' | typeof CONTRIB_DOMAIN;
  /** `undefined`: an optional input left out. */
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly outputs: Value[];
}

export interface Operation {
  readonly op: string;
  readonly domain?: typeof CONTRIB_DOMAIN;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export interface Result {
  readonly shape: readonly number[];
  readonly dtype: ElementType;
}

const SHORT = 16;

/** The graph under construction. Nodes stand in the order of emission, so inputs precede their uses. */
export class Graph {
  readonly nodes: Node[] = [];
  readonly #known = new Map<string, Node>();
  readonly #literals = new Map<string, Value>();
  #values = 0;

  port(name: string, shape: readonly number[], dtype: ElementType, stage: 'fixed' | 'fed'): Value {
    return { id: this.#values++, shape, dtype, stage, source: { kind: 'port', name } };
  }

  /** Short literals are shared: a graph is full of equal axes, shapes and scalars. */
  literal(data: LiteralData, shape: readonly number[], dtype: ElementType): Value {
    const key = data.length <= SHORT ? `${dtype}[${shape.join()}]${data.join()}` : undefined;
    const known = key === undefined ? undefined : this.#literals.get(key);
    if (known !== undefined) return known;
    const value: Value = { id: this.#values++, shape, dtype, stage: 'literal', source: { kind: 'literal', data } };
    if (key !== undefined) this.#literals.set(key, value);
    return value;
  }

  /** Adds a node with several outputs; the same operation on the same inputs is emitted once. */
  emitAll(operation: Operation, results: readonly Result[]): readonly Value[] {
    const { op, domain = '', inputs, attributes = {} } = operation;
    const signature = JSON.stringify([op, domain, inputs.map((input) => input?.id ?? null), attributes, results]);
    const known = this.#known.get(signature);
    if (known !== undefined) return known.outputs;
    // A node of literals alone belongs to the fixed part, which is computed once.
    const stage = inputs.some((input) => input?.stage === 'fed') ? 'fed' : 'fixed';
    const node: Node = { op, domain, inputs, attributes, outputs: [] };
    for (const { shape, dtype } of results) {
      node.outputs.push({ id: this.#values++, shape, dtype, stage, source: { kind: 'node', node } });
    }
    this.nodes.push(node);
    this.#known.set(signature, node);
    return node.outputs;
  }

  emit(operation: Operation, shape: readonly number[], dtype: ElementType): Value {
    const [value] = this.emitAll(operation, [{ shape, dtype }]);
    if (value === undefined) throw new RangeError('A node has at least one output.');
    return value;
  }
}
