import { TensorError } from '../error.ts';
import type { HostArray, Port } from '../runtime/executable.ts';
import { portName } from '../runtime/ports.ts';
import type { Batch } from '../spec.ts';
import type { InputSpec } from './per-example-spec.ts';

type InputSpecs = Readonly<Record<string, InputSpec>>;

export function inputPorts(inputs: InputSpecs): Port[] {
  return Object.entries(inputs).map(([name, { shape, dtype }]) => ({
    name: portName('input', name),
    shape,
    dtype,
    changes: 'fed',
  }));
}

/** A batch as the ports take it. Throws TensorError `invalid-input` for one that is not exactly what was compiled for. */
export function fedInputs(inputs: InputSpecs, batch: Batch): Record<string, HostArray> {
  const unknown = Object.keys(batch).find((name) => !Object.hasOwn(inputs, name));
  if (unknown !== undefined) throw new TensorError('invalid-input', `There is no input "${unknown}".`);
  const fed: Record<string, HostArray> = {};
  for (const [name, { shape, dtype }] of Object.entries(inputs)) {
    const tensor = batch[name];
    if (tensor === undefined) throw new TensorError('invalid-input', `Input "${name}" is missing.`);
    if (tensor.shape.join() !== shape.join() || tensor.data instanceof Float32Array !== (dtype === 'float32')) {
      throw new TensorError('invalid-input', `Input "${name}" must be ${dtype} of shape [${shape.join(', ')}].`);
    }
    fed[portName('input', name)] = tensor.data;
  }
  return fed;
}
