import { tf } from '../../engine.ts';
import { sizeOf } from '../../safetensors/tensor-file.ts';
import type { Graph, Value } from '../graph.ts';
import type { Kernel } from '../kernel.ts';
import { castValue, int64Literal, materialise, reshapeValue, scalarLiteral, symbolOf } from '../symbol.ts';

const integer = (value: number): { kind: 'integer'; value: number } => ({ kind: 'integer', value });

/**
 * Sums rows into a table of zeros [size, width] at int32 row numbers [n]; several rows may meet at one place.
 * Not ScatterND: onnxruntime runs its additions in parallel without guarding a place, and loses some of them.
 */
function scatterAdd(graph: Graph, rows: Value, updates: Value, size: number, width: number): Value {
  const [count = 0] = rows.shape;
  const zero = scalarLiteral(graph, 0, updates.dtype);
  const zeros = graph.emit(
    { op: 'Expand', inputs: [zero, int64Literal(graph, [size, width])] },
    [size, width],
    updates.dtype,
  );
  const column = reshapeValue(graph, rows, [count, 1]);
  const places =
    width === 1
      ? column
      : graph.emit({ op: 'Expand', inputs: [column, int64Literal(graph, [count, width])] }, [count, width], 'int32');
  const attributes = { axis: integer(0), reduction: { kind: 'text', value: 'add' } } as const;
  const inputs = [zeros, places, reshapeValue(graph, updates, [count, width])];
  return graph.emit({ op: 'ScatterElements', inputs, attributes }, [size, width], updates.dtype);
}

const gather: Kernel = (call) => {
  const { graph } = call;
  const x = call.input('x');
  const indices = call.input('indices');
  const [axis = 0] = tf.util.parseAxisParam(call.number('axis'), [...x.shape]);
  if (call.raw('batchDims') !== undefined && call.number('batchDims') !== 0) throw call.unsupported('with batchDims');
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const inputs = [materialise(graph, x), materialise(graph, indices)];
  return symbolOf(graph.emit({ op: 'Gather', inputs, attributes: { axis: integer(axis) } }, shape, x.dtype));
};

const gatherPoints: Kernel = (call) => {
  const { graph } = call;
  const params = call.input('params');
  const indices = call.input('indices');
  const depth = indices.shape.at(-1) ?? 0;
  const shape = [...indices.shape.slice(0, -1), ...params.shape.slice(depth)];
  // Converted because ONNX GatherND takes int64 only.
  const inputs = [materialise(graph, params), castValue(graph, materialise(graph, indices), 'int64')];
  return symbolOf(graph.emit({ op: 'GatherND', inputs }, shape, params.dtype));
};

const scatterPoints: Kernel = (call) => {
  const { graph } = call;
  const indices = materialise(graph, call.input('indices'));
  const updates = materialise(graph, call.input('updates'));
  const shape = call.numbers('shape');
  const depth = indices.shape.at(-1) ?? 0;
  const count = sizeOf(indices.shape.slice(0, -1));
  const size = sizeOf(shape.slice(0, depth));
  let rows = reshapeValue(graph, indices, [count, depth]);
  if (depth > 1) {
    // Row-major place of each point: the dot product with the strides.
    const strides = shape.slice(0, depth).map((_, axis) => sizeOf(shape.slice(axis + 1, depth)));
    const weights = graph.literal(Int32Array.from(strides), [depth], 'int32');
    const weighted = graph.emit({ op: 'Mul', inputs: [rows, weights] }, [count, depth], 'int32');
    rows = graph.emit({ op: 'ReduceSum', inputs: [weighted, int64Literal(graph, [1])] }, [count, 1], 'int32');
  }
  const sums = scatterAdd(graph, reshapeValue(graph, rows, [count]), updates, size, sizeOf(shape.slice(depth)));
  return symbolOf(reshapeValue(graph, sums, shape));
};

const sumSegments: Kernel = (call) => {
  const { graph } = call;
  const x = materialise(graph, call.input('x'));
  const segments = materialise(graph, call.input('segmentIds'));
  const size = call.number('numSegments');
  const sums = scatterAdd(graph, segments, x, size, sizeOf(x.shape.slice(1)));
  return symbolOf(reshapeValue(graph, sums, [size, ...x.shape.slice(1)]));
};

const oneHot: Kernel = (call) => {
  const { graph } = call;
  const indices = call.input('indices');
  const depth = call.number('depth');
  const values = graph.literal(Float32Array.of(call.number('offValue'), call.number('onValue')), [2], 'float32');
  // onnxruntime has OneHot for int64 indices and float values, but not for int32.
  const inputs = [castValue(graph, materialise(graph, indices), 'int64'), scalarLiteral(graph, depth, 'int64'), values];
  const hot = graph.emit({ op: 'OneHot', inputs }, [...indices.shape, depth], 'float32');
  return symbolOf(castValue(graph, hot, call.dtype('dtype')));
};

export const indexingKernels: Readonly<Record<string, Kernel>> = {
  GatherV2: gather,
  GatherNd: gatherPoints,
  ScatterNd: scatterPoints,
  UnsortedSegmentSum: sumSegments,
  OneHot: oneHot,
};
