import {
  bytesField,
  floatField,
  integerField,
  message,
  messageField,
  packedField,
  textField,
  type Encoded,
} from './protobuf.ts';

/** Opset 18 has LayerNormalization and reductions with axes as input; IR 8 belongs to it. */
const OPSET = 18;
const IR_VERSION = 8;
export const CONTRIB_DOMAIN = 'com.microsoft';

/** TensorProto.DataType of onnx.proto3. */
export const ELEMENT_TYPE = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;
const ATTRIBUTE_TYPE = { float: 1, integer: 2, text: 3, integers: 7 } as const;

export type ElementType = keyof typeof ELEMENT_TYPE;

export type Attribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'integers'; readonly value: readonly number[] };

export interface OnnxValue {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: ElementType;
}

/** What goes in or out. A side that is a name may differ from run to run, and is equal wherever the name occurs. */
export interface OnnxBoundary extends Omit<OnnxValue, 'shape'> {
  readonly shape: readonly (number | string)[];
}

export interface OnnxInitializer extends OnnxValue {
  /** Little-endian, row-major. */
  readonly bytes: Uint8Array;
}

export interface OnnxNode {
  readonly op: string;
  readonly domain: '' | typeof CONTRIB_DOMAIN;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface OnnxGraph {
  readonly inputs: readonly OnnxBoundary[];
  readonly outputs: readonly OnnxBoundary[];
  readonly initializers: readonly OnnxInitializer[];
  /** In an order in which every input is made before it is used. */
  readonly nodes: readonly OnnxNode[];
}

/** Serialises a graph as an ONNX ModelProto (field numbers: onnx.proto3). */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const opset = (domain: string, version: number): Encoded =>
    messageField(8, [textField(1, domain), integerField(2, version)]);
  return message([
    integerField(1, IR_VERSION),
    textField(2, 'noren'),
    opset('', OPSET),
    ...(graph.nodes.some((node) => node.domain === CONTRIB_DOMAIN) ? [opset(CONTRIB_DOMAIN, 1)] : []),
    messageField(7, [
      ...graph.nodes.map((node) => messageField(1, nodeFields(node))),
      textField(2, 'noren'),
      ...graph.initializers.map((tensor) => messageField(5, initializerFields(tensor))),
      ...graph.inputs.map((value) => messageField(11, valueFields(value))),
      ...graph.outputs.map((value) => messageField(12, valueFields(value))),
    ]),
  ]);
}

function nodeFields(node: OnnxNode): Encoded[] {
  return [
    ...node.inputs.map((name) => textField(1, name)),
    ...node.outputs.map((name) => textField(2, name)),
    textField(3, `${node.op}_${node.outputs[0] ?? ''}`),
    textField(4, node.op),
    ...Object.entries(node.attributes).map(([name, attribute]) => messageField(5, attributeFields(name, attribute))),
    textField(7, node.domain),
  ];
}

function attributeFields(name: string, attribute: Attribute): Encoded[] {
  return [textField(1, name), attributeValue(attribute), integerField(20, ATTRIBUTE_TYPE[attribute.kind])];
}

function attributeValue(attribute: Attribute): Encoded {
  if (attribute.kind === 'float') return floatField(2, attribute.value);
  if (attribute.kind === 'integer') return integerField(3, attribute.value);
  if (attribute.kind === 'text') return textField(4, attribute.value);
  return packedField(8, attribute.value);
}

function initializerFields({ name, shape, dtype, bytes }: OnnxInitializer): Encoded[] {
  return [packedField(1, shape), integerField(2, ELEMENT_TYPE[dtype]), textField(8, name), bytesField(9, bytes)];
}

function valueFields({ name, shape, dtype }: OnnxBoundary): Encoded[] {
  const dimensions = shape.map((side) =>
    messageField(1, [typeof side === 'string' ? textField(2, side) : integerField(1, side)]),
  );
  const tensorType = messageField(1, [integerField(1, ELEMENT_TYPE[dtype]), messageField(2, dimensions)]);
  return [textField(1, name), messageField(2, [tensorType])];
}
