import { inferenceProgram, type InferenceOptions, type Outputs } from './compile-inference.ts';
import { encodeModel, type OnnxInitializer, type OnnxValue } from './onnx/model.ts';
import { standardNodes } from './onnx/standard-nodes.ts';
import { BatchContract } from './runtime/batch-contract.ts';
import { checkParameters, constantArrays, parameterValue, portName } from './runtime/ports.ts';
import type { Batch, Values } from './spec.ts';
import type { LiteralData, Value } from './trace/graph.ts';
import { segmentsOf } from './trace/segments.ts';
import { trace } from './trace/trace.ts';

/**
 * An inference function as a standard `.onnx` file (opset 18, no contributed operators) that any ONNX runtime reads:
 * parameters and constants inside, inputs and outputs under their own names, for the shapes of the given example.
 */
export function exportOnnx(
  outputs: Outputs,
  options: Pick<InferenceOptions, 'parameters' | 'constants'>,
  values: Values,
  example: Batch,
): Uint8Array {
  const { parameters, constants } = options;
  checkParameters(parameters, values);
  const { ports } = new BatchContract().accept(example);
  const traced = trace(inferenceProgram(outputs, options, ports));
  const { fixed, fed } = segmentsOf(traced);
  const nodes = [...fixed.nodes, ...fed.nodes];

  const data = new Map<string, LiteralData>([
    ...parameters.map(({ name, shape }) => [portName('parameter', name), parameterValue(values, name, shape)] as const),
    ...Object.entries(constantArrays(constants)),
  ]);
  const outputName = new Map([...traced.outputs].map(([name, value]) => [value, name]));
  const inputNames = new Map(Object.keys(example).map((name) => [portName('input', name), name]));
  const nameOf = (value: Value): string => {
    if (value.source.kind === 'port') return inputNames.get(value.source.name) ?? value.source.name;
    return outputName.get(value) ?? `value ${value.id}`;
  };

  const ranks = new Map<string, number>();
  const initializers = new Map<string, OnnxInitializer>();
  for (const value of nodes.flatMap((node) => [...node.inputs, ...node.outputs])) {
    if (value === undefined) continue;
    ranks.set(nameOf(value), value.shape.length);
    const literal = value.source.kind === 'literal' ? value.source.data : undefined;
    const held = literal ?? (value.source.kind === 'port' ? data.get(value.source.name) : undefined);
    if (held !== undefined) initializers.set(nameOf(value), { ...described(value, nameOf), bytes: bytesOf(held) });
  }
  const standard = standardNodes(
    nodes.map((node) => ({
      op: node.op,
      domain: node.domain,
      attributes: node.attributes,
      inputs: node.inputs.map((input) => (input === undefined ? '' : nameOf(input))),
      outputs: node.outputs.map(nameOf),
    })),
    (name) => ranks.get(name) ?? 0,
  );
  return encodeModel({
    inputs: ports.map(({ name, shape, dtype }) => ({ name: inputNames.get(name) ?? name, shape, dtype })),
    outputs: [...traced.outputs].map(([name, { shape, dtype }]) => ({ name, shape, dtype })),
    initializers: [...initializers.values(), ...standard.initializers],
    nodes: standard.nodes,
  });
}

function described(value: Value, nameOf: (value: Value) => string): OnnxValue {
  return { name: nameOf(value), shape: value.shape, dtype: value.dtype };
}

function bytesOf(data: LiteralData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
