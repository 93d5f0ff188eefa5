import { TensorError } from '../error.ts';
import { sizeOf } from '../safetensors/tensor-file.ts';
import type { Batch, DataType, HostValue } from '../spec.ts';
import type { HostArray, Port } from './executable.ts';
import { portName } from './ports.ts';

export interface AcceptedBatch {
  /** Equal for batches that one compiled graph serves. */
  readonly shapes: string;
  readonly ports: readonly Port[];
  readonly fed: Readonly<Record<string, HostArray>>;
}

/** What the first batch said of every input: its type and its number of dimensions. Later batches must agree. */
export class BatchContract {
  #inputs: ReadonlyMap<string, { readonly dtype: DataType; readonly shape: readonly number[] }> | undefined;

  /** Throws TensorError `invalid-input` and remembers nothing of a batch that does not fit. */
  accept(batch: Batch): AcceptedBatch {
    const names = Object.keys(batch).toSorted();
    this.#checkNames(names);
    const ports: Port[] = [];
    const fed: Record<string, HostArray> = {};
    for (const name of names) {
      const tensor = batch[name];
      if (tensor === undefined) continue;
      const dtype = this.#check(name, tensor);
      ports.push({ name: portName('input', name), shape: [...tensor.shape], dtype, changes: 'fed' });
      fed[portName('input', name)] = tensor.data;
    }
    this.#inputs ??= new Map(
      names.map((name, at) => [name, { dtype: ports[at]?.dtype ?? 'float32', shape: ports[at]?.shape ?? [] }]),
    );
    return { shapes: ports.map(({ shape }) => shape.join('x')).join(' '), ports, fed };
  }

  #checkNames(names: readonly string[]): void {
    const known = this.#inputs;
    if (known === undefined) return;
    const unknown = names.find((name) => !known.has(name));
    if (unknown !== undefined) {
      throw new TensorError(
        'invalid-input',
        `There is no input "${unknown}"; the inputs are ${[...known.keys()].map((name) => `"${name}"`).join(', ')}.`,
      );
    }
    const missing = [...known.keys()].find((name) => !names.includes(name));
    if (missing !== undefined) throw new TensorError('invalid-input', `Input "${missing}" is missing.`);
  }

  #check(name: string, { shape, data }: HostValue): DataType {
    if (data.length !== sizeOf(shape)) {
      throw new TensorError(
        'invalid-input',
        `Input "${name}" has ${data.length} values; its shape [${shape.join(', ')}] needs ${sizeOf(shape)}.`,
      );
    }
    const dtype = data instanceof Float32Array ? 'float32' : 'int32';
    const first = this.#inputs?.get(name);
    if (first === undefined) return dtype;
    if (first.dtype !== dtype) {
      const kind = first.dtype === 'float32' ? 'a Float32Array' : 'an Int32Array';
      throw new TensorError('invalid-input', `Input "${name}" must be ${kind}, as in the first batch.`);
    }
    if (first.shape.length !== shape.length) {
      throw new TensorError(
        'invalid-input',
        `Shape [${shape.join(', ')}] does not match [${first.shape.join(', ')}] of input "${name}" in the first batch: the sizes may differ, the number of dimensions may not.`,
      );
    }
    return dtype;
  }
}
