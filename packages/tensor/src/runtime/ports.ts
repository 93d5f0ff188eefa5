import type { tf } from '../engine.ts';
import { TensorError } from '../error.ts';
import { sizeOf } from '../safetensors/tensor-file.ts';
import type { Constants, ParameterSpec, Tensors, Values } from '../spec.ts';
import type { HostArray, Port } from './executable.ts';

type Role = 'parameter' | 'constant' | 'input';

/** Roles keep a parameter and an input of the same name apart. */
export function portName(role: Role, name: string): string {
  return `${role}:${name}`;
}

/** The tensors of one role under the names the caller knows. */
export function recordOf(tensors: Tensors, role: Role): Tensors {
  const prefix = `${role}:`;
  return Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}

export function tensorCalled(tensors: Tensors, name: string): tf.Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new TensorError('invalid-spec', `No tensor is called "${name}".`);
  return tensor;
}

export function constantPorts(constants: Constants = {}): Port[] {
  return Object.entries(constants).map(([name, { shape, data }]) => {
    if (sizeOf(shape) !== data.length) {
      throw new TensorError(
        'invalid-spec',
        `Constant "${name}" of shape [${shape.join(', ')}] has ${data.length} values.`,
      );
    }
    const dtype = data instanceof Float32Array ? 'float32' : 'int32';
    return { name: portName('constant', name), shape, dtype, changes: 'fixed' };
  });
}

export function constantArrays(constants: Constants = {}): Record<string, HostArray> {
  return Object.fromEntries(Object.entries(constants).map(([name, { data }]) => [portName('constant', name), data]));
}

export function parameterPorts(parameters: readonly ParameterSpec[], changes: Port['changes']): Port[] {
  return parameters.map(({ name, shape }) => ({ name: portName('parameter', name), shape, dtype: 'float32', changes }));
}

/** Checks that `values` holds every parameter at its size. Unknown names are an error: they are usually misspelt. */
export function checkParameters(parameters: readonly ParameterSpec[], values: Values): void {
  const known = new Set(parameters.map(({ name }) => name));
  for (const name of values.keys()) {
    if (!known.has(name)) throw new TensorError('invalid-input', `The model has no parameter "${name}".`);
  }
  for (const { name, shape } of parameters) parameterValue(values, name, shape);
}

/** The value of one parameter, of the right size. */
export function parameterValue(values: Values, name: string, shape: readonly number[]): Float32Array {
  const data = values.get(name);
  if (data === undefined) throw new TensorError('invalid-input', `Parameter "${name}" is missing.`);
  if (data.length !== sizeOf(shape)) {
    throw new TensorError(
      'invalid-input',
      `Parameter "${name}" has ${data.length} values; its shape [${shape.join(', ')}] needs ${sizeOf(shape)}.`,
    );
  }
  return data;
}
