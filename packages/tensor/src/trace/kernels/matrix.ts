import { CONTRIB_DOMAIN } from '../../onnx/model.ts';
import { sizeOf } from '../../safetensors/tensor-file.ts';
import type { Graph, Value } from '../graph.ts';
import type { Kernel } from '../kernel.ts';
import { broadcastShape, materialise, reshapeValue, symbolOf, type Symbolic } from '../symbol.ts';
import { ACTIVATIONS, elementwise } from './elementwise.ts';

/** Matrix product over the last two axes, with broadcast batch axes before them. */
function product(graph: Graph, left: Symbolic, right: Symbolic, transposeA: boolean, transposeB: boolean): Symbolic {
  const a = materialise(graph, left);
  const b = materialise(graph, right);
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const rows = a.shape.at(transposeA ? -1 : -2) ?? 1;
  const columns = b.shape.at(transposeB ? -2 : -1) ?? 1;
  const shape = [...batch, rows, columns];
  if (sizeOf(batch) === 1) {
    const flat = (value: Value): Value => reshapeValue(graph, value, value.shape.slice(-2));
    return symbolOf(
      reshapeValue(graph, plainProduct(graph, flat(a), flat(b), transposeA, transposeB, [rows, columns]), shape),
    );
  }
  if (!transposeA && !transposeB) return symbolOf(graph.emit({ op: 'MatMul', inputs: [a, b] }, shape, a.dtype));
  const attributes = {
    transA: { kind: 'integer', value: transposeA ? 1 : 0 },
    transB: { kind: 'integer', value: transposeB ? 1 : 0 },
  } as const;
  const operation = { op: 'FusedMatMul', domain: CONTRIB_DOMAIN, inputs: [a, b], attributes } as const;
  return symbolOf(graph.emit(operation, shape, a.dtype));
}

/** Without transposes as MatMul, which the runtime fuses with the addition of a bias. */
function plainProduct(
  graph: Graph,
  a: Value,
  b: Value,
  transposeA: boolean,
  transposeB: boolean,
  shape: readonly number[],
): Value {
  if (!transposeA && !transposeB) return graph.emit({ op: 'MatMul', inputs: [a, b] }, shape, a.dtype);
  const attributes = {
    transA: { kind: 'integer', value: transposeA ? 1 : 0 },
    transB: { kind: 'integer', value: transposeB ? 1 : 0 },
  } as const;
  return graph.emit({ op: 'Gemm', inputs: [a, b], attributes }, shape, a.dtype);
}

const batchProduct: Kernel = (call) =>
  product(call.graph, call.input('a'), call.input('b'), call.flag('transposeA'), call.flag('transposeB'));

const fusedProduct: Kernel = (call) => {
  const { graph } = call;
  const plain = batchProduct(call) as Symbolic;
  const sum = call.has('bias') ? elementwise(graph, 'Add', [plain, call.input('bias')]) : plain;
  const activation = call.text('activation');
  if (activation === 'linear') return sum;
  const op = ACTIVATIONS[activation];
  if (op === undefined) throw call.unsupported(`with activation ${activation}`);
  return elementwise(graph, op, [sum]);
};

export const matrixKernels: Readonly<Record<string, Kernel>> = {
  BatchMatMul: batchProduct,
  _FusedMatMul: fusedProduct,
};
