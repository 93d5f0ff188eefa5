import { runOn, tf } from '../engine.ts';
import type { NoiseRequest, Program } from '../runtime/executable.ts';
import { noiseTape } from '../runtime/noise-tape.ts';
import { withoutRandomOps } from '../runtime/without-random-ops.ts';
import { TRACE_BACKEND } from './backend.ts';
import { Graph, type Value } from './graph.ts';
import { traceBackend } from './install.ts';
import { materialise, symbolOf } from './symbol.ts';

export interface Trace {
  readonly graph: Graph;
  /** Each made by a node. */
  readonly outputs: ReadonlyMap<string, Value>;
  /** What the `call`-th noise port wants; its port is `noisePort(call)`. */
  readonly noise: readonly NoiseRequest[];
}

export function noisePort(call: number): string {
  return `noise/${call}`;
}

/** Runs a program once on symbols and keeps the graph of what it did. */
export function trace(program: Program): Trace {
  const backend = traceBackend();
  const graph = new Graph();
  const outputs = new Map<string, Value>();
  const noise: NoiseRequest[] = [];
  backend.during(graph, () =>
    runOn(TRACE_BACKEND, () =>
      withoutRandomOps(() => {
        const placeholder = (value: Value): tf.Tensor =>
          tf.engine().makeTensorFromTensorInfo(backend.register(symbolOf(value)), backend);
        const tensors = Object.fromEntries(
          program.ports.map(({ name, shape, dtype, changes }) => [
            name,
            placeholder(graph.port(name, shape, dtype, changes)),
          ]),
        );
        const tape = noiseTape((request, call) => {
          noise.push(request);
          return placeholder(graph.port(noisePort(call), request.shape, 'float32', 'fed'));
        });
        for (const [name, tensor] of Object.entries(program.body(tensors, tape))) {
          const value = materialise(graph, backend.symbolOf(tensor));
          // A graph's output must be made by a node: inputs and literals pass through one.
          const made = value.source.kind === 'node';
          outputs.set(name, made ? value : graph.emit({ op: 'Identity', inputs: [value] }, value.shape, value.dtype));
        }
      }),
    ),
  );
  return { graph, outputs, noise };
}
