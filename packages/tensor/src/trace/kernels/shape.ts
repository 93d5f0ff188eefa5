import { tf } from '../../engine.ts';
import { sizeOf } from '../../safetensors/tensor-file.ts';
import type { Graph, Value } from '../graph.ts';
import type { Kernel, KernelCall } from '../kernel.ts';
import {
  int64Literal,
  materialise,
  reshapeValue,
  scalarLiteral,
  symbolOf,
  typedArray,
  uniformSymbol,
  type Symbolic,
} from '../symbol.ts';

const integer = (value: number): { kind: 'integer'; value: number } => ({ kind: 'integer', value });

function reshaped(graph: Graph, x: Symbolic, shape: readonly number[]): Symbolic {
  if (x.uniform !== undefined) return { ...x, shape };
  return symbolOf(reshapeValue(graph, materialise(graph, x), shape));
}

const reshape: Kernel = (call) => {
  const x = call.input('x');
  return reshaped(call.graph, x, tf.util.inferFromImplicitShape(call.numbers('shape'), sizeOf(x.shape)));
};

const expandDimensions: Kernel = (call) => {
  const x = call.input('input');
  const dimension = call.number('dim');
  return reshaped(call.graph, x, x.shape.toSpliced(dimension < 0 ? x.shape.length + dimension + 1 : dimension, 0, 1));
};

/** Axes that are broadcast lazily are only renamed. */
const transpose: Kernel = (call) => {
  const { graph } = call;
  const x = call.input('x');
  const order = call.numbers('perm');
  const permuted = (shape: readonly number[]): number[] => order.map((axis) => shape[axis] ?? 1);
  const shape = permuted(x.shape);
  if (x.uniform !== undefined) return { ...x, shape };
  const padded = [...x.shape.slice(x.value.shape.length).map(() => 1), ...x.value.shape];
  const moved = order.filter((axis) => padded[axis] !== 1);
  const value = reshapeValue(graph, x.value, padded);
  // Moving axes of length 1 moves no data.
  if (moved.every((axis, i) => i === 0 || axis > (moved[i - 1] ?? 0))) {
    return symbolOf(reshapeValue(graph, value, permuted(padded)), shape);
  }
  const attributes = { perm: { kind: 'integers', value: order } } as const;
  return symbolOf(graph.emit({ op: 'Transpose', inputs: [value], attributes }, permuted(padded), x.dtype), shape);
};

function sliced(graph: Graph, x: Value, begin: readonly number[], size: readonly number[]): Value {
  const axes = x.shape.flatMap((dimension, axis) => (begin[axis] === 0 && size[axis] === dimension ? [] : [axis]));
  if (axes.length === 0) return x;
  const starts = axes.map((axis) => begin[axis] ?? 0);
  const ends = axes.map((axis) => (begin[axis] ?? 0) + (size[axis] ?? 0));
  const inputs = [x, int64Literal(graph, starts), int64Literal(graph, ends), int64Literal(graph, axes)];
  return graph.emit({ op: 'Slice', inputs }, size, x.dtype);
}

const slice: Kernel = (call) => {
  const x = call.input('x');
  const [begins, sizes] = [call.numbers('begin'), call.numbers('size')];
  const begin = x.shape.map((_, axis) => begins[axis] ?? 0);
  // A size of -1, or none, means everything from `begin` on.
  const size = x.shape.map((dimension, axis) => {
    const wanted = sizes[axis] ?? -1;
    return wanted < 0 ? dimension - (begin[axis] ?? 0) : wanted;
  });
  if (x.uniform !== undefined) return { ...x, shape: size };
  return symbolOf(sliced(call.graph, materialise(call.graph, x), begin, size));
};

const reverse: Kernel = (call) => {
  const { graph } = call;
  const x = call.input('x');
  const axes = tf.util.parseAxisParam(call.numbers('dims'), [...x.shape]);
  if (axes.length === 0) return x;
  const each = (number: number): Value =>
    int64Literal(
      graph,
      axes.map(() => number),
    );
  // An end far below zero includes the first element.
  const inputs = [materialise(graph, x), each(-1), each(-(2 ** 31)), int64Literal(graph, axes), each(-1)];
  return symbolOf(graph.emit({ op: 'Slice', inputs }, x.shape, x.dtype));
};

function joined(graph: Graph, parts: readonly Value[], axis: number): Value {
  const [first] = parts;
  if (first === undefined) throw new RangeError('Nothing to concatenate.');
  if (parts.length === 1) return first;
  const length = parts.reduce((sum, part) => sum + (part.shape[axis] ?? 0), 0);
  return graph.emit(
    { op: 'Concat', inputs: parts, attributes: { axis: integer(axis) } },
    first.shape.with(axis, length),
    first.dtype,
  );
}

const concatenate: Kernel = (call) => {
  const parts = call.list().filter((part) => sizeOf(part.shape) > 0);
  const [axis = 0] = tf.util.parseAxisParam(call.number('axis'), [...(call.list()[0]?.shape ?? [])]);
  return symbolOf(
    joined(
      call.graph,
      parts.map((part) => materialise(call.graph, part)),
      axis,
    ),
  );
};

const stack: Kernel = (call) => {
  const { graph } = call;
  const parts = call.list();
  const rank = (parts[0]?.shape.length ?? 0) + 1;
  const axis = (call.number('axis') + rank) % rank;
  const raised = parts.map((part) => reshapeValue(graph, materialise(graph, part), part.shape.toSpliced(axis, 0, 1)));
  return symbolOf(joined(graph, raised, axis));
};

function parted(call: KernelCall, x: Symbolic, axis: number, lengths: readonly number[]): Value[] {
  const { graph } = call;
  const value = materialise(graph, x);
  if (lengths.length === 1) return [value];
  return [
    ...graph.emitAll(
      { op: 'Split', inputs: [value, int64Literal(graph, lengths)], attributes: { axis: integer(axis) } },
      lengths.map((length) => ({ shape: x.shape.with(axis, length), dtype: x.dtype })),
    ),
  ];
}

const split: Kernel = (call) => {
  const x = call.input('x');
  const [axis = 0] = tf.util.parseAxisParam(call.number('axis'), [...x.shape]);
  const wanted = call.raw('numOrSizeSplits');
  const dimension = x.shape[axis] ?? 0;
  const lengths =
    typeof wanted === 'number'
      ? Array.from({ length: wanted }, () => dimension / wanted)
      : withInferredLength(call.numbers('numOrSizeSplits'), dimension);
  return parted(call, x, axis, lengths).map((part) => symbolOf(part));
};

function withInferredLength(lengths: readonly number[], dimension: number): number[] {
  const known = lengths.reduce((sum, length) => sum + Math.max(length, 0), 0);
  return lengths.map((length) => (length < 0 ? dimension - known : length));
}

const unstack: Kernel = (call) => {
  const { graph } = call;
  const x = call.input('value');
  const [axis = 0] = tf.util.parseAxisParam(call.number('axis'), [...x.shape]);
  const lengths = Array.from({ length: x.shape[axis] ?? 0 }, () => 1);
  return parted(call, x, axis, lengths).map((part) =>
    symbolOf(reshapeValue(graph, part, part.shape.toSpliced(axis, 1))),
  );
};

const pad: Kernel = (call) => {
  const { graph } = call;
  const x = call.input('x');
  const paddings = call.raw('paddings');
  if (!Array.isArray(paddings)) throw call.unsupported('without paddings');
  const pairs = paddings.map((pair: unknown) => (Array.isArray(pair) ? pair.map(Number) : []));
  const before = pairs.map(([first = 0]) => first);
  const after = pairs.map(([, second = 0]) => second);
  const shape = x.shape.map((dimension, axis) => dimension + (before[axis] ?? 0) + (after[axis] ?? 0));
  const inputs = [
    materialise(graph, x),
    int64Literal(graph, [...before, ...after]),
    scalarLiteral(graph, call.number('constantValue'), x.dtype),
  ];
  return symbolOf(graph.emit({ op: 'Pad', inputs }, shape, x.dtype));
};

/** Repeating an axis of length 1 is a broadcast and stays one. */
const tile: Kernel = (call) => {
  const { graph } = call;
  const x = call.input('x');
  const repeats = call.numbers('reps');
  const shape = x.shape.map((dimension, axis) => dimension * (repeats[axis] ?? 1));
  if (x.uniform !== undefined) return { ...x, shape };
  const padded = [...x.shape.slice(x.value.shape.length).map(() => 1), ...x.value.shape];
  if (repeats.every((count, axis) => count === 1 || padded[axis] === 1)) {
    return symbolOf(reshapeValue(graph, x.value, padded), shape);
  }
  const inputs = [materialise(graph, x), int64Literal(graph, repeats)];
  return symbolOf(graph.emit({ op: 'Tile', inputs }, shape, x.dtype));
};

const fill: Kernel = (call) =>
  uniformSymbol(call.graph, call.number('value'), call.numbers('shape'), call.dtype('dtype'));

function filledLike(number: number): Kernel {
  return (call) => uniformSymbol(call.graph, number, call.input('x').shape, call.input('x').dtype);
}

const range: Kernel = (call) => {
  const dtype = call.dtype('dtype');
  const [start, stop, step] = [call.number('start'), call.number('stop'), call.number('step')];
  const count = Math.max(0, Math.ceil((stop - start) / step));
  const numbers = Array.from({ length: count }, (_, i) => start + i * step);
  return symbolOf(call.graph.literal(typedArray(numbers, dtype), [count], dtype));
};

export const shapeKernels: Readonly<Record<string, Kernel>> = {
  Identity: (call) => call.input('x'),
  Reshape: reshape,
  ExpandDims: expandDimensions,
  Transpose: transpose,
  Slice: slice,
  Reverse: reverse,
  Concat: concatenate,
  Pack: stack,
  SplitV: split,
  Unpack: unstack,
  PadV2: pad,
  Tile: tile,
  Fill: fill,
  ZerosLike: filledLike(0),
  OnesLike: filledLike(1),
  Range: range,
};
