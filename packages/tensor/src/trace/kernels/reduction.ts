import { tf } from '../../engine.ts';
import { sizeOf } from '../../safetensors/tensor-file.ts';
import type { Graph, Value } from '../graph.ts';
import type { Kernel, KernelCall } from '../kernel.ts';
import {
  castValue,
  int64Literal,
  materialise,
  reshapeValue,
  scalarLiteral,
  symbolOf,
  uniformSymbol,
  type Symbolic,
} from '../symbol.ts';
import { cast, withNumber } from './elementwise.ts';

function axesOf(call: KernelCall, x: Symbolic): number[] {
  // tfjs calls them differently for Max than for the others.
  const name = call.raw('reductionIndices') === undefined ? 'axis' : 'reductionIndices';
  const axes = call.raw(name);
  if (axes === undefined || axes === null) return x.shape.map((_, i) => i);
  return tf.util.parseAxisParam(call.numbers(name), [...x.shape]);
}

/** Reduces only what is really there: axes broadcast lazily count as a factor (sums) or not at all (the rest). */
function reduce(graph: Graph, op: string, x: Symbolic, axes: readonly number[], keepDims: boolean): Symbolic {
  const dropped = (shape: readonly number[]): number[] =>
    shape.flatMap((dimension, axis) => (axes.includes(axis) ? (keepDims ? [1] : []) : [dimension]));
  const shape = dropped(x.shape);
  const padded = [...x.shape.slice(x.value.shape.length).map(() => 1), ...x.value.shape];
  const repeats = axes.map((axis) => (padded[axis] === 1 ? (x.shape[axis] ?? 1) : 1)).reduce((a, b) => a * b, 1);
  if (x.uniform !== undefined) {
    return uniformSymbol(graph, op === 'ReduceSum' ? Math.fround(x.uniform * repeats) : x.uniform, shape, x.dtype);
  }
  const real = axes.filter((axis) => padded[axis] !== 1);
  let value = reshapeValue(graph, x.value, padded);
  if (real.length > 0) {
    const kept = padded.map((dimension, axis) => (real.includes(axis) ? 1 : dimension));
    value = sumsColumns(op, value, real)
      ? columnSums(graph, value, kept)
      : graph.emit({ op, inputs: [value, int64Literal(graph, real)] }, kept, x.dtype);
  }
  const result = symbolOf(reshapeValue(graph, value, dropped(value.shape)), shape);
  return op === 'ReduceSum' && repeats > 1 ? withNumber(graph, 'Mul', result, repeats) : result;
}

/** The gradient of every bias is such a sum: over all axes but the last ones, which stay. */
function sumsColumns(op: string, { shape, dtype }: Value, axes: readonly number[]): boolean {
  return op === 'ReduceSum' && dtype === 'float32' && axes.length < shape.length && axes.every((axis, i) => axis === i);
}

/** As a product with a row of ones, which onnxruntime computes in a third of the time of its ReduceSum. */
function columnSums(graph: Graph, value: Value, shape: readonly number[]): Value {
  const columns = sizeOf(shape);
  const rows = sizeOf(value.shape) / columns;
  const ones = materialise(graph, uniformSymbol(graph, 1, [1, rows], 'float32'));
  const table = reshapeValue(graph, value, [rows, columns]);
  return reshapeValue(graph, graph.emit({ op: 'MatMul', inputs: [ones, table] }, [1, columns], 'float32'), shape);
}

function reduction(op: string): Kernel {
  return (call) => {
    const x = call.input('x');
    if (op === 'ReduceProd')
      return reduce(call.graph, op, symbolOf(materialise(call.graph, x)), axesOf(call, x), call.flag('keepDims'));
    return reduce(call.graph, op, x, axesOf(call, x), call.flag('keepDims'));
  };
}

const mean: Kernel = (call) => {
  const x = cast(call.graph, call.input('x'), 'float32');
  return reduce(call.graph, 'ReduceMean', x, axesOf(call, x), call.flag('keepDims'));
};

/** Logic as minimum and maximum of 0 and 1; ONNX reduces no booleans. */
function logical(op: 'ReduceMin' | 'ReduceMax'): Kernel {
  return (call) => {
    const x = cast(call.graph, call.input('x'), 'int32');
    return cast(call.graph, reduce(call.graph, op, x, axesOf(call, x), call.flag('keepDims')), 'bool');
  };
}

function place(op: 'ArgMax' | 'ArgMin'): Kernel {
  return (call) => {
    const x = call.input('x');
    const [axis = 0] = axesOf(call, x);
    const shape = x.shape.filter((_, i) => i !== axis);
    const attributes = {
      axis: { kind: 'integer', value: axis },
      keepdims: { kind: 'integer', value: 0 },
    } as const;
    const value = call.graph.emit({ op, inputs: [materialise(call.graph, x)], attributes }, shape, 'int64');
    return symbolOf(castValue(call.graph, value, 'int32'));
  };
}

const largest: Kernel = (call) => {
  const { graph } = call;
  const x = call.input('x');
  const count = call.number('k');
  const shape = [...x.shape.slice(0, -1), count];
  const [values, places] = graph.emitAll(
    {
      op: 'TopK',
      inputs: [materialise(graph, x), int64Literal(graph, [count])],
      attributes: { sorted: { kind: 'integer', value: call.flag('sorted') ? 1 : 0 } },
    },
    [
      { shape, dtype: x.dtype },
      { shape, dtype: 'int64' },
    ],
  );
  if (values === undefined || places === undefined) throw call.unsupported('without results');
  return [symbolOf(values), symbolOf(castValue(graph, places, 'int32'))];
};

const cumulative: Kernel = (call) => {
  const { graph } = call;
  const x = call.input('x');
  const inputs = [materialise(graph, x), scalarLiteral(graph, call.number('axis'), 'int32')];
  const attributes = {
    exclusive: { kind: 'integer', value: call.flag('exclusive') ? 1 : 0 },
    reverse: { kind: 'integer', value: call.flag('reverse') ? 1 : 0 },
  } as const;
  return symbolOf(graph.emit({ op: 'CumSum', inputs, attributes }, x.shape, x.dtype));
};

/** Softmax and its logarithm over one axis. */
function normalisation(op: 'Softmax' | 'LogSoftmax', attribute: string): Kernel {
  return (call) => {
    const x = call.input('logits');
    const axis = call.raw(attribute) === undefined ? -1 : call.number(attribute);
    if (sizeOf(x.shape) === 0) throw call.unsupported('on an empty tensor');
    const attributes = { axis: { kind: 'integer', value: axis } } as const;
    return symbolOf(call.graph.emit({ op, inputs: [materialise(call.graph, x)], attributes }, x.shape, x.dtype));
  };
}

export const reductionKernels: Readonly<Record<string, Kernel>> = {
  Sum: reduction('ReduceSum'),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  Prod: reduction('ReduceProd'),
  Mean: mean,
  All: logical('ReduceMin'),
  Any: logical('ReduceMax'),
  ArgMax: place('ArgMax'),
  ArgMin: place('ArgMin'),
  TopK: largest,
  Cumsum: cumulative,
  Softmax: normalisation('Softmax', 'dim'),
  LogSoftmax: normalisation('LogSoftmax', 'axis'),
};
