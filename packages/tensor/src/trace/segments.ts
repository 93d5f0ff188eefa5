import { encodeModel, type OnnxInitializer, type OnnxValue } from '../onnx/model.ts';
import type { LiteralData, Node, Value } from './graph.ts';
import type { Trace } from './trace.ts';

/** A part of a traced graph that runs in one call. */
export interface Segment {
  readonly nodes: readonly Node[];
  /** Ports and results of an earlier segment. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

export interface Segments {
  /** Depends only on constants and frozen parameters: run once after each load. Empty when nothing does. */
  readonly fixed: Segment;
  readonly fed: Segment;
}

/**
 * Drops what no output needs (among it the gradients of frozen weights that custom gradients offer) and splits the rest.
 * The runtime's own constant folding cannot do this: frozen values arrive after the graph is built, and folding stops at
 * its contributed operations.
 */
export function segmentsOf({ graph, outputs }: Trace): Segments {
  const wanted = new Set<Value>(outputs.values());
  const live: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => wanted.has(output))) continue;
    live.unshift(node);
    for (const input of node.inputs) if (input !== undefined) wanted.add(input);
  }
  const results = new Set(outputs.values());
  const fedNodes = live.filter((node) => stageOf(node) === 'fed');
  const fixedNodes = live.filter((node) => stageOf(node) === 'fixed');
  const fedInputs = outsideInputs(fedNodes);
  return {
    fixed: {
      nodes: fixedNodes,
      inputs: outsideInputs(fixedNodes),
      outputs: unique([
        ...fedInputs.filter(({ source }) => source.kind === 'node'),
        ...[...results].filter(({ stage }) => stage === 'fixed'),
      ]),
    },
    fed: { nodes: fedNodes, inputs: fedInputs, outputs: [...results].filter(({ stage }) => stage === 'fed') },
  };
}

export function valueName(value: Value): string {
  return value.source.kind === 'port' ? value.source.name : `v${value.id}`;
}

/** The segment as an ONNX model whose inputs and outputs are called by `valueName`. */
export function encodeSegment({ nodes, inputs, outputs }: Segment): Uint8Array {
  const initializers = new Map<Value, OnnxInitializer>();
  for (const input of nodes.flatMap((node) => node.inputs)) {
    if (input?.source.kind !== 'literal') continue;
    initializers.set(input, { ...described(input), bytes: bytesOf(input.source.data) });
  }
  return encodeModel({
    inputs: inputs.map(described),
    outputs: outputs.map(described),
    initializers: [...initializers.values()],
    nodes: nodes.map((node) => ({
      op: node.op,
      domain: node.domain,
      attributes: node.attributes,
      inputs: node.inputs.map((input) => (input === undefined ? '' : valueName(input))),
      outputs: node.outputs.map(valueName),
    })),
  });
}

function stageOf(node: Node): Value['stage'] {
  return node.outputs[0]?.stage ?? 'fixed';
}

function outsideInputs(nodes: readonly Node[]): Value[] {
  const own = new Set(nodes.flatMap((node) => node.outputs));
  return unique(nodes.flatMap((node) => node.inputs).filter((input) => input !== undefined)).filter(
    (input) => input.source.kind !== 'literal' && !own.has(input),
  );
}

function described(value: Value): OnnxValue {
  return { name: valueName(value), shape: value.shape, dtype: value.dtype };
}

function bytesOf(data: LiteralData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}
