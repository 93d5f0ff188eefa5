import { CONTRIB_DOMAIN } from '../../onnx/model.ts';
import type { Kernel } from '../kernel.ts';
import { castValue, materialise, reshapeValue, symbolOf, typedArray } from '../symbol.ts';

/**
 * Kernels only the graph has. Composites call them while traced and ordinary tfjs ops otherwise, so the reference stays
 * independent of them.
 */
export const LAYER_NORM = 'NorenLayerNorm';
export const GELU = 'NorenGelu';
export const MINUS_ONE_AT = 'NorenMinusOneAt';

/** Results: the normalised tensor, the mean and the inverse deviation of each row [..., 1]. */
const layerNorm: Kernel = (call) => {
  const { graph } = call;
  const x = call.input('x');
  const inputs = ['x', 'gain', 'bias'].map((name) => materialise(graph, call.input(name)));
  const attributes = {
    axis: { kind: 'integer', value: -1 },
    epsilon: { kind: 'float', value: call.number('epsilon') },
  } as const;
  const row = { shape: [...x.shape.slice(0, -1), 1], dtype: x.dtype };
  return graph
    .emitAll({ op: 'LayerNormalization', inputs, attributes }, [{ shape: x.shape, dtype: x.dtype }, row, row])
    .map((value) => symbolOf(value));
};

const gelu: Kernel = (call) => {
  const x = materialise(call.graph, call.input('x'));
  return symbolOf(call.graph.emit({ op: 'Gelu', domain: CONTRIB_DOMAIN, inputs: [x] }, x.shape, x.dtype));
};

/** x [rows, classes] minus 1 at column `places[row]` of each row. No two updates meet, so ScatterND is safe here. */
const minusOneAt: Kernel = (call) => {
  const { graph } = call;
  const x = materialise(graph, call.input('x'));
  const [count = 0] = x.shape;
  const numbers = (n: number, value: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => value(i));
  const rows = graph.literal(
    typedArray(
      numbers(count, (i) => i),
      'int64',
    ),
    [count, 1],
    'int64',
  );
  const columns = reshapeValue(graph, castValue(graph, materialise(graph, call.input('places')), 'int64'), [count, 1]);
  const axis = { axis: { kind: 'integer', value: 1 } } as const;
  const points = graph.emit({ op: 'Concat', inputs: [rows, columns], attributes: axis }, [count, 2], 'int64');
  const updates = graph.literal(
    typedArray(
      numbers(count, () => -1),
      'float32',
    ),
    [count],
    'float32',
  );
  const attributes = { reduction: { kind: 'text', value: 'add' } } as const;
  return symbolOf(graph.emit({ op: 'ScatterND', inputs: [x, points, updates], attributes }, x.shape, x.dtype));
};

export const compositeKernels: Readonly<Record<string, Kernel>> = {
  [LAYER_NORM]: layerNorm,
  [GELU]: gelu,
  [MINUS_ONE_AT]: minusOneAt,
};
