import type { tf } from '../engine.ts';
import type { HostTensor } from '../safetensors/tensor-file.ts';
import type { Tensors } from '../spec.ts';
import { uniformSource } from './uniform-source.ts';

/** Looks tensors up by name; a name that is missing is a mistake in the model. */
export function getter(tensors: Tensors): (name: string) => tf.Tensor {
  return (name) => {
    const tensor = tensors[name];
    if (tensor === undefined) throw new Error(`no tensor ${name}`);
    return tensor;
  };
}

/** Seeded features of a catalogue, in [-1, 1). */
export function featureTable(rows: number, columns: number, seed: number): HostTensor {
  const uniform = uniformSource(seed);
  return { shape: [rows, columns], data: Float32Array.from({ length: rows * columns }, () => uniform() * 2 - 1) };
}
