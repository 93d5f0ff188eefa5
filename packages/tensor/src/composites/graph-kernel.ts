import { tf } from '../engine.ts';
import { TRACE_BACKEND } from '../trace/backend.ts';

/** Whether ops are being recorded into a graph rather than computed. */
export function tracing(): boolean {
  return tf.getBackend() === TRACE_BACKEND;
}

/** Calls a kernel that only the graph has. */
export function graphKernel(name: string, inputs: tf.NamedTensorMap, attributes: tf.NamedAttrMap = {}): tf.Tensor[] {
  const result: tf.Tensor | tf.Tensor[] = tf.engine().runKernel(name, inputs, attributes);
  return Array.isArray(result) ? result : [result];
}

/** The only result of such a kernel. */
export function graphKernelResult(name: string, inputs: tf.NamedTensorMap): tf.Tensor {
  const [result] = graphKernel(name, inputs);
  if (result === undefined) throw new RangeError(`Kernel ${name} gave no result.`);
  return result;
}
