import { tf } from '../engine.ts';
import { TensorError } from '../error.ts';
import type { Graph, LiteralData } from './graph.ts';
import { uniformSymbol, type Symbolic, type SymbolType } from './symbol.ts';

export const TRACE_BACKEND = 'noren-trace';

interface Entry {
  references: number;
  /** The graph `symbol` belongs to. */
  graph: Graph;
  symbol: Symbolic;
  /** Values known while tracing. They outlive the trace, so a tensor captured from outside stays usable. */
  readonly data?: LiteralData;
}

/** A tfjs backend that computes nothing: its tensors are symbols, its kernels add nodes to the current graph. */
export class TraceBackend extends tf.KernelBackend {
  #graph: Graph | undefined;
  readonly #entries = new WeakMap<object, Entry>();

  get graph(): Graph {
    if (this.#graph === undefined) throw new TensorError('engine-failed', 'A traced tensor was used after its trace.');
    return this.#graph;
  }

  during<T>(graph: Graph, body: () => T): T {
    this.#graph = graph;
    try {
      return body();
    } finally {
      this.#graph = undefined;
    }
  }

  /** A new tensor id that stands for `symbol`. */
  register(symbol: Symbolic): tf.TensorInfo {
    const dataId = {};
    this.#entries.set(dataId, { references: 1, graph: this.graph, symbol });
    return { dataId, shape: [...symbol.shape], dtype: symbol.dtype };
  }

  symbolOf(tensor: tf.TensorInfo): Symbolic {
    const entry = this.#entries.get(tensor.dataId);
    if (entry === undefined) throw new TensorError('engine-failed', 'A tensor was used after it was disposed.');
    if (entry.graph !== this.graph) {
      if (entry.data === undefined) {
        throw new TensorError('engine-failed', 'A tensor of one traced function was used in another.');
      }
      entry.symbol = literalSymbol(this.graph, entry.data, tensor.shape, entry.symbol.dtype);
      entry.graph = this.graph;
    }
    return entry.symbol;
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): tf.DataId {
    const dataId = {};
    this.move(dataId, values, shape, dtype, 1);
    return dataId;
  }

  override move(
    dataId: tf.DataId,
    values: tf.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    references: number,
  ): void {
    if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') {
      throw new TensorError('unsupported-kernel', `Tensors of dtype ${dtype} cannot be compiled.`);
    }
    const data = literalData(values, dtype);
    const graph = this.graph;
    this.#entries.set(dataId, { references, graph, symbol: literalSymbol(graph, data, shape, dtype), data });
  }

  override readSync(dataId: object): tf.BackendValues {
    const data = this.#entries.get(dataId)?.data;
    // Literals are never 64-bit: tfjs has no such type.
    if (data !== undefined && !(data instanceof BigInt64Array)) return data;
    throw new TensorError(
      'data-read',
      'The compiled function reads the data of a tensor (dataSync, data, array, print, booleanMask, tf.where without branches, ...). Its values exist only when the graph runs: express it with tensor operations, for example multiply by a mask.',
    );
  }

  override read(dataId: object): Promise<tf.BackendValues> {
    return Promise.resolve(this.readSync(dataId));
  }

  override refCount(dataId: tf.DataId): number {
    return this.#entries.get(dataId)?.references ?? 0;
  }

  override incRef(dataId: tf.DataId): void {
    const entry = this.#entries.get(dataId);
    if (entry !== undefined) entry.references++;
  }

  override disposeData(dataId: object, force = false): boolean {
    const entry = this.#entries.get(dataId);
    if (entry === undefined) return true;
    entry.references--;
    if (!force && entry.references > 0) return false;
    this.#entries.delete(dataId);
    return true;
  }

  override numDataIds(): number {
    return 0;
  }

  override timerAvailable(): boolean {
    return false;
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override dispose(): void {
    this.#graph = undefined;
  }
}

function literalData(values: tf.BackendValues, dtype: SymbolType): LiteralData {
  if (dtype === 'float32' && values instanceof Float32Array) return values;
  if (dtype === 'int32' && values instanceof Int32Array) return values;
  if (dtype === 'bool' && values instanceof Uint8Array) return values;
  const numbers = Array.from(values, Number);
  if (dtype === 'float32') return Float32Array.from(numbers);
  return dtype === 'int32' ? Int32Array.from(numbers) : Uint8Array.from(numbers);
}

function literalSymbol(graph: Graph, data: LiteralData, shape: readonly number[], dtype: SymbolType): Symbolic {
  const [first] = data;
  if (first !== undefined && data.every((value: number | bigint) => value === first)) {
    return uniformSymbol(graph, Number(first), shape, dtype);
  }
  return { value: graph.literal(data, shape, dtype), shape, dtype };
}
