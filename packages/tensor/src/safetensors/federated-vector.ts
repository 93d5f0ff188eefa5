import { TensorError } from '../error.ts';
import { sortedNames, type HostTensor, type TensorFile } from './tensor-file.ts';

/** All tensors in name order as one vector: the data section of the canonical file. A copy. */
export function federatedVector(file: TensorFile): Float32Array {
  const parts = sortedNames(file.tensors).map((name) => file.tensors.get(name)?.data ?? new Float32Array());
  const vector = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let position = 0;
  for (const part of parts) {
    vector.set(part, position);
    position += part.length;
  }
  return vector;
}

/** The same names, shapes and metadata with the values of `vector`, which must be as long as `federatedVector(file)`. */
export function withFederatedVector(file: TensorFile, vector: Float32Array): TensorFile {
  const tensors = new Map<string, HostTensor>();
  let position = 0;
  for (const name of sortedNames(file.tensors)) {
    const { shape, data } = file.tensors.get(name) ?? { shape: [], data: new Float32Array() };
    tensors.set(name, { shape, data: vector.slice(position, position + data.length) });
    position += data.length;
  }
  if (position !== vector.length) {
    throw new TensorError(
      'invalid-input',
      `The vector has ${vector.length} values; the file's tensors hold ${position}.`,
    );
  }
  return { tensors, metadata: file.metadata };
}
