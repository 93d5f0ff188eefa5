import { CONTRIB_DOMAIN, type Attribute, type OnnxInitializer, type OnnxNode } from './model.ts';

/** Nodes that every ONNX runtime has, and the scalars they need. */
export interface StandardGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxInitializer[];
}

/**
 * Replaces the contributed operations, which only onnxruntime has, by standard ones of opset 18 with the same meaning.
 * `rankOf` tells the number of dimensions of a value.
 */
export function standardNodes(nodes: readonly OnnxNode[], rankOf: (value: string) => number): StandardGraph {
  const initializers = new Map<string, OnnxInitializer>();
  const scalar = (value: number): string => {
    const name = `scalar ${value}`;
    const bytes = new Uint8Array(Float32Array.of(value).buffer);
    initializers.set(name, { name, shape: [], dtype: 'float32', bytes });
    return name;
  };
  const standard = nodes.flatMap((node) => {
    if (node.domain !== CONTRIB_DOMAIN) return [node];
    if (node.op === 'Gelu') return geluNodes(node, scalar);
    if (node.op === 'FusedMatMul') return productNodes(node, rankOf);
    throw new RangeError(`The contributed operation ${node.op} has no standard form.`);
  });
  return { nodes: standard, initializers: [...initializers.values()] };
}

function standardNode(
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, Attribute>> = {},
): OnnxNode {
  return { op, domain: '', inputs, outputs: [output], attributes };
}

/** x (1 + erf(x / sqrt 2)) / 2. */
function geluNodes({ inputs, outputs }: OnnxNode, scalar: (value: number) => string): OnnxNode[] {
  const [x = ''] = inputs;
  const [y = ''] = outputs;
  return [
    standardNode('Mul', [x, scalar(Math.SQRT1_2)], `${y} scaled`),
    standardNode('Erf', [`${y} scaled`], `${y} erf`),
    standardNode('Add', [`${y} erf`, scalar(1)], `${y} one more`),
    standardNode('Mul', [`${y} one more`, scalar(0.5)], `${y} distribution`),
    standardNode('Mul', [x, `${y} distribution`], y),
  ];
}

/** A matrix product that transposes the last two axes of an operand first. */
function productNodes(node: OnnxNode, rankOf: (value: string) => number): OnnxNode[] {
  const [left = '', right = ''] = node.inputs;
  const [y = ''] = node.outputs;
  const made: OnnxNode[] = [];
  const operand = (name: string, side: string, transposed: Attribute | undefined): string => {
    if (transposed?.kind !== 'integer' || transposed.value === 0) return name;
    const rank = rankOf(name);
    const axes = Array.from({ length: rank }, (_, axis) => axis);
    const order = [...axes.slice(0, -2), rank - 1, rank - 2];
    made.push(standardNode('Transpose', [name], `${y} ${side}`, { perm: { kind: 'integers', value: order } }));
    return `${y} ${side}`;
  };
  const inputs = [operand(left, 'left', node.attributes['transA']), operand(right, 'right', node.attributes['transB'])];
  return [...made, standardNode('MatMul', inputs, y)];
}
