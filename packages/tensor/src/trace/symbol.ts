import { ELEMENT_TYPE, type ElementType } from '../onnx/model.ts';
import { sizeOf } from '../safetensors/tensor-file.ts';
import type { Graph, LiteralData, Value } from './graph.ts';

export type SymbolType = 'float32' | 'int32' | 'bool';

/**
 * What a tfjs tensor stands for while tracing. Its value may be smaller than its shape and is then understood as
 * broadcast: tfjs seeds the gradients of sums and means with tensors of ones, which would otherwise be written out.
 */
export interface Symbolic {
  readonly value: Value;
  readonly shape: readonly number[];
  readonly dtype: SymbolType;
  /** Set when every element is this number, known while tracing. */
  readonly uniform?: number;
}

export function symbolOf(value: Value, shape: readonly number[] = value.shape): Symbolic {
  if (value.dtype === 'int64') throw new TypeError('An int64 value is internal to a kernel.');
  return { value, shape, dtype: value.dtype };
}

export function uniformSymbol(graph: Graph, number: number, shape: readonly number[], dtype: SymbolType): Symbolic {
  return { value: scalarLiteral(graph, number, dtype), shape, dtype, uniform: number };
}

export function scalarLiteral(graph: Graph, number: number, dtype: ElementType): Value {
  return graph.literal(typedArray([number], dtype), [], dtype);
}

export function int64Literal(graph: Graph, numbers: readonly number[]): Value {
  return graph.literal(BigInt64Array.from(numbers, BigInt), [numbers.length], 'int64');
}

export function typedArray(numbers: readonly number[], dtype: ElementType): LiteralData {
  if (dtype === 'float32') return Float32Array.from(numbers);
  if (dtype === 'int32') return Int32Array.from(numbers);
  return dtype === 'int64' ? BigInt64Array.from(numbers, BigInt) : Uint8Array.from(numbers);
}

/** The value at its full shape, for operations that do not broadcast. */
export function materialise(graph: Graph, symbol: Symbolic): Value {
  const { value, shape } = symbol;
  if (sameShape(value.shape, shape)) return value;
  if (sizeOf(value.shape) === sizeOf(shape)) return reshapeValue(graph, value, shape);
  return graph.emit({ op: 'Expand', inputs: [value, int64Literal(graph, shape)] }, shape, value.dtype);
}

export function reshapeValue(graph: Graph, value: Value, shape: readonly number[]): Value {
  if (sameShape(value.shape, shape)) return value;
  return graph.emit({ op: 'Reshape', inputs: [value, int64Literal(graph, shape)] }, shape, value.dtype);
}

export function castValue(graph: Graph, value: Value, dtype: ElementType): Value {
  if (value.dtype === dtype) return value;
  const to = { kind: 'integer', value: ELEMENT_TYPE[dtype] } as const;
  return graph.emit({ op: 'Cast', inputs: [value], attributes: { to } }, value.shape, dtype);
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}

/** The shape two shapes broadcast to, aligned at the last axis. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    return left === 1 ? right : left;
  });
}
